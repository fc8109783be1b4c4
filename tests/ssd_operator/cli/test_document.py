"""The user's file is read up to a size that no resource has, and what is wrong with it is said briefly."""

import subprocess
import sys
from pathlib import Path

import pytest

from ssd_operator.cli import document
from ssd_operator.errors import InvalidInput

SSD = Path(sys.executable).parent / "ssd"
HEAD = "apiVersion: selfdistill.dev/v1alpha1\nkind: SelfDistillation\nmetadata: {name: x}\nspec:\n  preset: toy\n"
WHOLE = f"{HEAD}  storage: {{claimName: c}}\n"


def _padded(size: int) -> str:
    """Return a right resource of so many bytes."""
    return f"{WHOLE}#{'x' * (size - len(WHOLE) - 1)}"


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    (tmp_path / "x.yaml").write_text(_padded(document.LARGEST))
    assert document.read(tmp_path / "x.yaml")[0] == "x"


def test_a_larger_file_is_refused_by_its_size(tmp_path: Path) -> None:
    """One byte more is refused with the file's name and size, whatever the file holds."""
    (tmp_path / "x.yaml").write_bytes(b"\xff" * (document.LARGEST + 1))
    with pytest.raises(InvalidInput, match=r"x\.yaml: has 1048577 bytes, and a resource at most 1048576; ") as found:
        document.read(tmp_path / "x.yaml")
    assert found.value.exit_code == 64


def test_a_file_whose_size_nobody_knows_is_read_to_the_limit() -> None:
    """A pipe has no size: what comes after the limit is not read."""
    written = b"# more\n" * (document.LARGEST // 2)
    done = subprocess.run([str(SSD), "plan", "/dev/stdin"], input=written, capture_output=True, check=False)
    assert done.returncode == 64
    assert done.stderr.decode() == (
        "/dev/stdin: has more than 1048576 bytes, and a resource at most 1048576; name a file with a SelfDistillation\n"
    )
