"""The digests of a release's files, and their signature where somebody gives a key."""

import shutil
from pathlib import Path

from release.errors import Refused, run
from release.provenance import sha256

__all__ = ["SUMS", "sign", "write"]

SUMS = "SHA256SUMS"


def write(folder: Path) -> Path:
    """Write the digest of every file of a folder, in the form that `sha256sum --check` reads."""
    files = sorted(each for each in folder.iterdir() if each.name != SUMS)
    (folder / SUMS).write_text("".join(f"{sha256(each)}  {each.name}\n" for each in files), encoding="utf-8")
    return folder / SUMS


def sign(sums: Path, key: str) -> Path:
    """Sign the digests with cosign and the given key; nothing is sent to a transparency log."""
    cosign = shutil.which("cosign")
    if cosign is None:
        raise Refused(f"COSIGN_KEY={key}: cosign is not installed; install it, or release without a key")
    signature = sums.with_name(f"{SUMS}.sig")
    run(cosign, "sign-blob", "--yes", "--tlog-upload=false", "--key", key, "--output-signature", signature, sums)
    return signature
