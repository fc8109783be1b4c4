"""The digests of a release's files, and their signature where somebody gives a key."""

import base64
import shutil
import tempfile
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
    """Sign the digests; nothing is sent to a transparency log.

    A plain ECDSA key over P-256 is used with openssl, any other key, such as cosign's own or one in a key service, with
    cosign. Either way the file holds what cosign reads: the signature over the SHA-256 as DER, in base64.
    """
    signature = sums.with_name(f"{SUMS}.sig")
    if _is_plain(Path(key)):
        program = _found("openssl", key)
        kind = run(program, "pkey", "-in", key, "-noout", "-text")
        if "prime256v1" not in kind:
            raise Refused(f"COSIGN_KEY={key}: is no ECDSA key over P-256; make one as docs/releasing.md says")
        with tempfile.TemporaryDirectory() as scratch:
            der = Path(scratch, "signature.der")
            run(program, "dgst", "-sha256", "-sign", key, "-out", der, sums)
            signature.write_bytes(base64.b64encode(der.read_bytes()))
        return signature
    cosign = _found("cosign", key)
    run(cosign, "sign-blob", "--yes", "--tlog-upload=false", "--key", key, "--output-signature", signature, sums)
    return signature


def _is_plain(key: Path) -> bool:
    """Tell whether a file holds a private key that openssl reads; cosign encrypts its own in a way of its own."""
    begins = ("-----BEGIN PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----", "-----BEGIN EC PARAMETERS-----")
    return key.is_file() and key.read_text(encoding="utf-8", errors="replace").startswith(begins)


def _found(program: str, key: str) -> str:
    """Return where a program is that signs with this key."""
    found = shutil.which(program)
    if found is None:
        raise Refused(f"COSIGN_KEY={key}: {program} is not installed; install it, or release without a key")
    return found
