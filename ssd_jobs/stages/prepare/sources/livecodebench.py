"""LiveCodeBench: its release files read directly, cut to a window of contest dates.

Private tests are JSON, or base64 of zlib of a pickle of JSON text. The pickle comes from the network, so it is never
unpickled: its opcodes are read one by one, nothing but one text is accepted, and only so much of it is inflated. Rows
outside the window are passed over before their tests are decoded.
"""

import base64
import binascii
import json
import pickletools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from ssd_jobs.contract import LiveCodeBench
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput, first_line
from ssd_jobs.stages.prepare.sources import hub, rows
from ssd_jobs.stages.prepare.sources.problem import Case, Problem, checked_name

__all__ = ["ERRATA", "Release", "decode_tests", "open_release"]

RELEASES = 6
LARGEST = 2**30
"""Bytes to which private tests may inflate; the largest real ones take about a tenth of it."""
TEXTS = frozenset({"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"})
"""Opcodes of a pickle that make a text."""
AROUND_TEXT = frozenset({"PROTO", "FRAME", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "STOP"})
"""Opcodes that every pickle of a text has around it."""
MOST_OPCODES = 16
COLUMNS = (
    "question_id",
    "question_title",
    "question_content",
    "contest_date",
    "difficulty",
    "starter_code",
    "metadata",
    "public_test_cases",
    "private_test_cases",
)
ERRATA = frozenset(
    {
        *("abc311_c", "abc326_d", "abc327_b", "abc333_e", "abc343_a", "abc343_e", "abc362_c"),
        *("find-words-containing-character", "find-the-peaks", "generate-binary-strings-without-adjacent-zeros"),
        *("abc337_e", "abc355_e"),
        *("abc350_c", "apply-operations-to-make-string-empty", "most-frequent-ids", "arc189_a"),
    }
)
"""Problems with several right answers, with interaction, or with wrong tests, as the benchmark's authors list them."""


@dataclass
class Release:
    """The problems of a release within a window; `facts` is complete once they were read."""

    source: LiveCodeBench
    files: Sequence[Path]
    facts: dict[str, JsonValue] = field(default_factory=dict)

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the window in the order of the files."""
        left_out = 0
        for place, row in rows.scan(self.files, COLUMNS):
            if not self.source.start <= _date(row, place) <= self.source.end:
                continue
            if self.source.exclude_errata and _names(row) & ERRATA:
                left_out += 1
                continue
            try:
                problem = _problem(row, place)
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                raise BadInput(
                    f"{place}: is no row of LiveCodeBench ({brief(repr(error))}); get the release again"
                ) from None
            yield problem
        self.facts["errata_left_out"] = left_out


def open_release(source: LiveCodeBench, *, workspace: Path, offline: bool, field: str) -> Release:
    """Find the files of a release: release n has the first n of them."""
    try:
        count = int(source.release.removeprefix("release_v"))
    except ValueError:
        count = 0
    if not 1 <= count <= RELEASES:
        raise BadInput(
            f"{field}.livecodebench.release: {brief(repr(source.release))} is none of release_v1 … release_v{RELEASES}"
        )
    names = ["test.jsonl", *(f"test{number}.jsonl" for number in range(2, count + 1))]
    facts: dict[str, JsonValue] = {"release": source.release, "from": source.start, "to": source.end}
    if source.path:
        files = [workspace / source.path / name for name in names]
        missing = [file for file in files if not file.is_file()]
        if missing:
            raise BadInput(f"{field}.livecodebench.path: {missing[0]} is missing; {source.release} needs {names}")
        return Release(source, files, facts)
    where = f"{field}.livecodebench"
    repository = hub.resolve(source.repo, source.revision, kind="dataset", offline=offline, field=where)
    facts |= {"repo": source.repo, "revision": source.revision, "commit": repository.commit}
    absent = set(names) - set(repository.files)
    if absent:
        raise BadInput(f"{where}: {source.repo} lacks {sorted(absent)}; {source.release} needs {names}")
    return Release(source, [repository.fetch(name) for name in names], facts)


def decode_tests(text: str, place: str) -> list[dict[str, Any]]:
    """Return private tests, whichever way they were packed."""
    try:
        found = json.loads(text)
    except ValueError:
        found = json.loads(_unpacked(text, place))
    if not isinstance(found, list) or not all(isinstance(case, dict) for case in found):
        raise BadInput(f"{place}: private_test_cases is no list of tests; get the release again")
    return found


def _unpacked(text: str, place: str) -> str:
    """Return the JSON text inside base64, zlib and pickle."""
    try:
        inflater = zlib.decompressobj()
        data = inflater.decompress(base64.b64decode(text, validate=True), LARGEST)
        if inflater.unconsumed_tail:
            raise BadInput(f"{place}: private_test_cases inflates to more than {LARGEST} bytes; get the release again")
        return _pickled_text(data)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise BadInput(
            f"{place}: private_test_cases cannot be decoded ({first_line(error)}); get the release again"
        ) from None


def _pickled_text(data: bytes) -> str:
    """Return the text that a pickle holds, or raise ValueError for one that holds anything else.

    An unpickler would also allocate what an opcode asks for, such as a memo of 2^32 entries.
    """
    found: list[str] = []
    for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if opcode.name in TEXTS:
            found.append(str(argument))
        elif opcode.name not in AROUND_TEXT:
            raise ValueError(f"its pickle holds {opcode.name}, not text alone")
        if number >= MOST_OPCODES:
            raise ValueError("its pickle is longer than that of a text")
    if len(found) != 1:
        raise ValueError(f"its pickle holds {len(found)} texts, not one")
    return found[0]


def _problem(row: rows.Row, place: str) -> Problem:
    """Return one row with its tests decoded, public ones first."""
    function = _text(json.loads(row["metadata"] or "{}").get("func_name") or "")
    if function:
        checked_name(function, f"{place}: metadata.func_name")
    starter = _text(row.get("starter_code") or "")
    tests = [(case, True) for case in json.loads(row["public_test_cases"])]
    tests += [(case, False) for case in decode_tests(row["private_test_cases"], place)]
    return Problem(
        problem_id=str(row["question_id"]),
        statement=_text(row["question_content"]),
        starter_code=starter,
        kind="functional" if function else "stdin",
        entry_point=f"Solution.{function}" if function and "class Solution" in starter else function,
        difficulty=str(row["difficulty"]).lower(),
        date=_date(row, place),
        tests=tuple(_case(case, public=shown, function=function) for case, shown in tests),
    )


def _case(case: dict[str, Any], *, public: bool, function: str) -> Case:
    """Return one test; the arguments of a function stand one per line."""
    given, expected = _text(case["input"]), _text(case["output"])
    if not function:
        return Case(given, expected, public)
    return Case(json.dumps([json.loads(line) for line in given.split("\n")]), expected, public)


def _text(value: object) -> str:
    """Return what must be text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} where text is due")
    return value


def _date(row: rows.Row, place: str) -> str:
    """Return the contest's date as YYYY-MM-DD."""
    value = _if_text(row.get("contest_date"))[:10]
    if len(value) != 10:
        raise BadInput(f"{place}: contest_date {brief(repr(value))} is no date; get the release again")
    return value


def _names(row: rows.Row) -> set[str]:
    """Return what the list of errata may call a problem: its id, or its title as a slug."""
    title = _if_text(row.get("question_title"))
    return {_if_text(row.get("question_id")), title, "-".join(title.lower().split())}


def _if_text(value: object) -> str:
    """Return text as it is, and nothing for what is none: it may be nested too deeply to be shown."""
    return value if isinstance(value, str) else ""
