"""The notes of a release are the section of its version."""

from pathlib import Path

import pytest

from release.errors import Refused
from release.notes import changes, section

TEXT = """# Changelog

Words.

## Unreleased

### Added

* A thing,
  on two lines.
* Another.

## 1.2.0 - 2026-01-02

### Fixed

* A fault.
"""


def test_a_section_is_found_by_its_version(tmp_path: Path) -> None:
    """The version's own section is taken, and what is unreleased while it has none."""
    (tmp_path / "CHANGELOG.md").write_text(TEXT)
    heading, body = section(tmp_path / "CHANGELOG.md", "1.2.0")
    assert heading == "1.2.0 - 2026-01-02"
    assert list(changes(body)) == [("fixed", "A fault.")]
    heading, body = section(tmp_path / "CHANGELOG.md", "1.3.0")
    assert heading == "Unreleased"
    assert list(changes(body)) == [("added", "A thing, on two lines."), ("added", "Another.")]


def test_what_nobody_wrote_is_refused(tmp_path: Path) -> None:
    """A release without a word of what changed is none, and a heading of another kind is named."""
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n")
    with pytest.raises(Refused, match=r"neither a section 1\.0\.0 nor Unreleased"):
        section(tmp_path / "CHANGELOG.md", "1.0.0")
    with pytest.raises(Refused, match="Wonderful"):
        list(changes("### Wonderful\n\n* A thing.\n"))
