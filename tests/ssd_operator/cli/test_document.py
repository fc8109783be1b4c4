"""The user's file is read up to a size that no resource has, and what is wrong with it is said briefly."""

import subprocess
import sys
from pathlib import Path

import pytest

from ssd_operator.cli import document
from ssd_operator.errors import InvalidDocument, InvalidInput

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


def _complaint(text: str) -> str:
    with pytest.raises(InvalidDocument) as found:
        document.understood(text, origin="x.yaml")
    return str(found.value)


def test_a_fields_name_cannot_steer_the_terminal_or_add_a_sentence() -> None:
    """An unknown field's name is printed on one line, with escapes for control characters."""
    assert _complaint(f'{WHOLE}  "\\e[31mred\\nspec.x: fine": 1\n') == (
        r"x.yaml:7: spec.\x1b[31mred\nspec.x: fine: no such field"
    )


def test_of_many_mistakes_the_first_are_shown() -> None:
    """Five thousand unknown fields are twenty sentences and a number."""
    lines = _complaint(WHOLE + "".join(f"  unknown{index}: 1\n" for index in range(5000))).splitlines()
    assert len(lines) == 21
    assert all(line.endswith(": no such field") for line in lines[:20])
    assert lines[20] == "and 4980 more"


def test_of_many_repeated_fields_the_first_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What is said in passing is brief as well."""
    document.understood(WHOLE + "  deadline: 1h\n" * 1000, origin="x.yaml")
    assert capsys.readouterr().err.splitlines()[20:] == ["and 979 more"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            f'{WHOLE}  training: {{pod: {{env: [{{name: A, value: "\\ud800"}}]}}}}\n',
            "7: spec.training.pod.env[0].value",
        ),
        (f'{WHOLE}  "\\udfff": 1\n', r"7: spec.\udfff"),
        ('{"kind": "\\ud800"}', "1: kind"),
    ],
    ids=["value", "key", "json"],
)
def test_half_a_character_is_named_by_its_field(text: str, place: str) -> None:
    """A lone surrogate is refused with the path of the text that holds it."""
    assert _complaint(text) == (
        f"x.yaml:{place}: holds half a character (a lone surrogate); write the whole character, or leave it out"
    )


LONG = "x" * 3000


@pytest.mark.parametrize(
    "text",
    [
        f'{{"{LONG}": 1}}',
        f"{WHOLE}  training: {{precision: {LONG}}}\n",
        f"{WHOLE}  evaluation: {{benchmarks: [{{name: {LONG}}}]}}\n",
        f"{WHOLE}  deadline: !!int {LONG}\n",
        f"{WHOLE}  deadline: *{LONG}\n",
        WHOLE.replace("SelfDistillation", LONG),
        WHOLE.replace("preset: toy", f"preset: {LONG}"),
    ],
    ids=["field", "value", "name", "number", "anchor", "kind", "preset"],
)
def test_a_long_value_is_cut_in_a_sentence(text: str) -> None:
    """No message grows with what was written."""
    assert all(len(line) < 400 for line in _complaint(text).splitlines())
