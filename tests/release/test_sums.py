"""The digests of a release are in a form that everybody can check, and a key without cosign is one sentence."""

import base64
import re
import subprocess
from pathlib import Path

import pytest

from release import sums
from release.errors import Refused
from releases.trees import ROOT

PAGE = ROOT / "docs" / "releasing.md"


def test_sha256sum_checks_what_is_written(tmp_path: Path) -> None:
    """Each file is listed, a changed one is found, and the list does not name itself."""
    (tmp_path / "a").write_text("1")
    (tmp_path / "b c").write_text("2")
    sums.write(tmp_path)
    checked = ["sha256sum", "--check", "--strict", sums.SUMS]
    done = subprocess.run(checked, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "a: OK\nb c: OK\n"
    (tmp_path / "a").write_text("3")
    assert subprocess.run(checked, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_a_key_needs_cosign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program nothing is signed, and the sentence names the key and what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="cosign is not installed; install it, or release without a key"):
        sums.sign(sums.write(tmp_path), "my.key")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a throw-away key and its public half, made as the page says."""
    folder = tmp_path_factory.mktemp("keys")
    for command in re.findall(r"^openssl .*(?:private|pubout).*$", PAGE.read_text(), re.MULTILINE):
        subprocess.run(["sh", "-c", command], cwd=folder, check=True, capture_output=True)
    return folder


def verified(folder: Path, keys: Path) -> bool:
    """Tell what the page's command for openssl says of the signature."""
    [command] = re.findall(r"^openssl base64 .*$", PAGE.read_text(), re.MULTILINE)
    (folder / "cosign.pub").write_bytes((keys / "cosign.pub").read_bytes())
    done = subprocess.run(["sh", "-c", command], cwd=folder, check=False, capture_output=True, text=True)
    return done.returncode == 0 and "Verified OK" in done.stdout


def test_a_signature_holds_for_what_was_signed_alone(tmp_path: Path, keys: Path) -> None:
    """Signed with a plain key, the digests verify by the page's command; a changed digest or another key does not."""
    (tmp_path / "a").write_text("1")
    written = sums.write(tmp_path)
    signature = sums.sign(written, str(keys / "release.key"))
    assert base64.b64decode(signature.read_bytes(), validate=True)[:1] == b"\x30", "one line of base64, in it DER"
    assert verified(tmp_path, keys)
    written.write_text(written.read_text().replace("a", "b"))
    assert not verified(tmp_path, keys)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    """What cosign could not verify is not signed with."""
    key = tmp_path / "ed25519.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    with pytest.raises(Refused, match="is no ECDSA key over P-256"):
        sums.sign(sums.write(tmp_path), str(key))
