"""What changed, from CHANGELOG.md: the release's notes, and the list that Artifact Hub shows."""

import re
from collections.abc import Iterator
from pathlib import Path

from release.errors import Refused

__all__ = ["KINDS", "changes", "section"]

UNRELEASED = "Unreleased"
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
"""Headings of a section, which are also the kinds that Artifact Hub knows."""


def section(changelog: Path, version: str) -> tuple[str, str]:
    """Return the heading and the text of the version's section; of what is unreleased where it has none yet."""
    text = changelog.read_text(encoding="utf-8")
    parts = re.finditer(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    found = {match[1]: match[2].strip() for match in parts}
    for heading, body in found.items():
        if heading.split()[0].strip("[]") == version:
            return heading, body
    if UNRELEASED not in found:
        raise Refused(f"{changelog.name}: has neither a section {version} nor {UNRELEASED}; write what changed")
    return UNRELEASED, found[UNRELEASED]


def changes(body: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the words of every change, on one line each."""
    for match in re.finditer(r"^### (\w+)\n(.*?)(?=^### |\Z)", body, re.MULTILINE | re.DOTALL):
        kind = match[1].lower()
        if kind not in KINDS:
            raise Refused(f"CHANGELOG.md: the heading {match[1]} is none of {', '.join(KINDS)}")
        for entry in re.split(r"^\* ", match[2], flags=re.MULTILINE)[1:]:
            yield kind, " ".join(entry.split())
