"""What past versions stored is read by this one: their frozen specs and statuses stand in files that never change."""

import json
from pathlib import Path
from typing import Any

import pytest

from resources import golden
from ssd_operator.lifecycle import is_over
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status


def content(file: Path) -> dict[str, Any]:
    """Return what a golden file holds."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("file", golden.files(), ids=lambda file: file.stem)
def test_what_a_past_version_stored_is_read(file: Path) -> None:
    """Every frozen spec and status is read, and what it says is what is read, except in fields that are gone."""
    stored = content(file)
    for document in stored["specs"]:
        assert said(ResolvedSpec.read_stored(document, path="spec").document(), document) == document
    for status in stored["statuses"]:
        now = Status.read(status, path="status")
        assert said(now.model_dump(mode="json", by_alias=True), status) == status
    assert is_over(Status.read(stored["statuses"][-1], path="status"))


def said(now: Any, then: Any) -> Any:
    """Return of what is written now only what was written then."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {key: said(now[key], value) for key, value in then.items() if key in now}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [said(new, old) for new, old in zip(now, then, strict=True)]
    return now


@pytest.mark.endurance
def test_the_schema_of_today_has_its_file() -> None:
    """Before a version is given away: python tests/support/resources/golden.py adds what today's schema writes."""
    assert golden.schema() in {content(file)["schema"] for file in golden.files()}
