"""LiveCodeBench's files are read as they are: windows, errata, packed tests, and nothing that a pickle could run."""

import base64
import json
import os
import pickle
import re
import tempfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from configs.prepare import prepare_config
from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import LiveCodeBench, files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.stages.prepare.sources import livecodebench
from workspaces.sampling import context

V6_WINDOW = ("2025-02-01", "2025-05-31", {"easy": 31, "medium": 39, "hard": 61})
V5_WINDOW = ("2024-08-01", "2025-02-28", {"easy": 92, "medium": 116, "hard": 166})
BY_DAYS = {
    ("2024-08-01", "2024-12-08", "2025-01-31"): (80, 101, 142),
    ("2025-02-01", "2025-02-28"): (12, 15, 24),
    ("2025-03-01", "2025-05-31"): (19, 24, 37),
}
"""Contest days, and how many problems they have: 51 of February are in both of the paper's windows."""
PRIVATE = [{"input": "5\n", "output": "10\n", "testtype": "stdin"}]


def packed(tests: Any) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).decode()


def row(number: int, date: str, *, difficulty: str = "easy", **values: Any) -> dict[str, Any]:
    return {
        "question_title": f"Title {number}",
        "question_content": f"Print twice the number, variant {number}.",
        "question_id": f"q{number}",
        "contest_date": f"{date}T00:00:00",
        "difficulty": difficulty,
        "starter_code": "",
        "metadata": "{}",
        "public_test_cases": json.dumps([{"input": "1\n", "output": "2\n", "testtype": "stdin"}]),
        "private_test_cases": json.dumps(PRIVATE) if number % 2 else packed(PRIVATE),
        **values,
    }


def release(root: Path, rows: list[dict[str, Any]], files: int = 6) -> Path:
    """Write a release whose rows are spread over its files."""
    names = ["test.jsonl", *(f"test{number}.jsonl" for number in range(2, files + 1))]
    for place, name in enumerate(names):
        (root / name).write_text("".join(json.dumps(each) + "\n" for each in rows[place::files]))
    return root


def source(root: Path, *, start: str, end: str, version: str = "release_v6", errata: bool = True) -> LiveCodeBench:
    return LiveCodeBench(
        kind="livecodebench",
        release=version,
        start=start,
        end=end,
        exclude_errata=errata,
        repo="livecodebench/code_generation_lite",
        revision="main",
        path=str(root),
    )


def read(root: Path, **window: Any) -> list[Any]:
    found = source(root, **window)
    return list(livecodebench.open_release(found, workspace=root, offline=True, field="f").problems())


def shaped() -> list[dict[str, Any]]:
    """Rows with the shape that release_v6 is inferred to have: the paper's two windows, an erratum, others around."""
    placed = [
        (days[place % len(days)], difficulty)
        for days, counts in BY_DAYS.items()
        for difficulty, count in zip(("easy", "medium", "hard"), counts, strict=True)
        for place in range(count)
    ]
    placed += [(day, "easy") for day in ("2023-05-07", "2024-07-31", "2025-06-01") for _ in range(20)]
    rows = [row(number, day, difficulty=difficulty) for number, (day, difficulty) in enumerate(placed)]
    wrong = next(each for each in rows if (each["contest_date"][:10], each["difficulty"]) == ("2024-12-08", "hard"))
    wrong["question_id"] = "arc189_a"
    return rows


@pytest.mark.parametrize(("window", "size"), [(V6_WINDOW, 131), (V5_WINDOW, 374)])
def test_the_windows_of_the_paper_have_their_sizes(
    tmp_path: Path, window: tuple[str, str, dict[str, int]], size: int
) -> None:
    """One release gives both of the paper's windows in their three difficulties, the days at both ends included."""
    release(tmp_path, shaped())
    start, end, expected = window
    found = read(tmp_path, start=start, end=end, errata=False)
    assert Counter(problem.difficulty for problem in found) == expected
    assert len(found) == size
    assert {problem.date for problem in found} >= {start, end}


def test_the_windows_of_the_paper_overlap(tmp_path: Path) -> None:
    """The 51 problems of February 2025 are in both windows."""
    release(tmp_path, shaped())
    first, second = (
        {problem.problem_id for problem in read(tmp_path, start=start, end=end, errata=False)}
        for start, end, _ in (V5_WINDOW, V6_WINDOW)
    )
    assert len(first & second) == 51
    assert "arc189_a" in first - second


@pytest.mark.parametrize(
    ("errata", "expected", "words"),
    [
        (False, 374, ""),
        (True, 373, ""),
        (True, 374, "374 are expected and 373 were found beside 1 left out as errata (excludeErrata); "),
        (False, 279, "279 are expected and 374 were found; correct the source, or expect 374"),
    ],
)
def test_another_number_of_problems_than_expected_is_refused(
    tmp_path: Path, errata: bool, expected: int, words: str
) -> None:
    """`expectProblems` is an assertion: where it fails, both numbers are named and nothing is written."""
    (tmp_path / "lcb").mkdir()
    release(tmp_path / "lcb", shaped())
    window = source(tmp_path / "lcb", start=V5_WINDOW[0], end=V5_WINDOW[1], errata=errata)
    config = prepare_config(tmp_path, benchmarks={"lcb": window}, limit=1, expect_problems=expected)
    if words:
        sentence = re.escape(f"evaluation.benchmarks[lcb].expectProblems: {words}")
        with pytest.raises(BadInput, match=f"^{sentence}"):
            prepare.run(config, context(tmp_path))
    else:
        prepare.run(config, context(tmp_path))
    assert (tmp_path / "problems/lcb" / files.MANIFEST).exists() == (not words)


def test_a_release_has_its_own_files(tmp_path: Path) -> None:
    """release_v2 is the first two files, and a missing file is named."""
    release(tmp_path, [row(number, "2024-01-01") for number in range(12)], files=2)
    assert len(read(tmp_path, start="2024-01-01", end="2024-01-01", version="release_v2")) == 12
    assert len(read(tmp_path, start="2024-01-01", end="2024-01-01", version="release_v1")) == 6
    with pytest.raises(BadInput, match=r"test3\.jsonl is missing"):
        read(tmp_path, start="2024-01-01", end="2024-01-01", version="release_v3")


def test_tests_are_public_then_private_and_unpacked(tmp_path: Path) -> None:
    """Both ways of packing private tests give the same, behind the public ones."""
    release(tmp_path, [row(1, "2024-01-01"), row(2, "2024-01-01")], files=1)
    for problem in read(tmp_path, start="2024-01-01", end="2024-01-01", version="release_v1"):
        assert [(case.input, case.output, case.public) for case in problem.tests] == [
            ("1\n", "2\n", True),
            ("5\n", "10\n", False),
        ]


def test_arguments_of_a_function_become_a_list(tmp_path: Path) -> None:
    """One JSON value per line is one argument each."""
    starter = "class Solution:\n    def f(self, a: List[int], k: int) -> int:\n        "
    tests = [{"input": "[1, 2]\n3", "output": "6", "testtype": "functional"}]
    values = {
        "starter_code": starter,
        "metadata": json.dumps({"func_name": "f"}),
        "public_test_cases": json.dumps(tests),
        "private_test_cases": packed(tests),
    }
    release(tmp_path, [row(1, "2024-01-01", **values)], files=1)
    (problem,) = read(tmp_path, start="2024-01-01", end="2024-01-01", version="release_v1")
    assert (problem.kind, problem.entry_point) == ("functional", "Solution.f")
    assert [json.loads(case.input) for case in problem.tests] == [[[1, 2], 3]] * 2


def test_errata_are_left_out_only_when_asked(tmp_path: Path) -> None:
    """A listed problem, by id or by title, is excluded with the flag and kept without."""
    rows = [
        row(1, "2024-01-01", question_id="abc350_c"),
        row(2, "2024-01-01", question_title="Most Frequent IDs"),
        row(3, "2024-01-01"),
    ]
    release(tmp_path, rows, files=1)
    window = {"start": "2024-01-01", "end": "2024-01-01", "version": "release_v1"}
    assert [problem.problem_id for problem in read(tmp_path, **window)] == ["q3"]
    assert len(read(tmp_path, **window, errata=False)) == 3


class Hostile:
    """Pickles as a call."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("value", ["call", "list", "bytes", "garbage", "truncated"])
def test_a_pickle_can_make_nothing_but_text(tmp_path: Path, value: str) -> None:
    """A pickle that calls, or holds anything but text, ends in one sentence and does nothing."""
    target = tmp_path / "made"
    data = {
        "call": pickle.dumps(Hostile(target)),
        "list": pickle.dumps(["a"]),
        "bytes": pickle.dumps(b"[]"),
        "garbage": b"\x80\x05garbage",
        "truncated": pickle.dumps("[]" * 100)[:-20],
    }[value]
    with pytest.raises(BadInput, match=r"^here: private_test_cases"):
        livecodebench.decode_tests(base64.b64encode(zlib.compress(data)).decode(), "here")
    assert not target.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04\x8e" + (2**63).to_bytes(8, "little") + b"x.",
        b"\x80\x02" + b"h\x00" * 9 + b".",
        b"\x80\x02" + b"q\x00" * 99 + b".",
        b"\x80\x02X\x02\x00\x00\x00[]X\x02\x00\x00\x00[].",
    ],
    ids=["huge bytes", "no memo", "long", "two texts"],
)
def test_a_pickle_of_more_or_less_than_one_text_is_refused(data: bytes) -> None:
    """Whatever it asks for beside one text, or instead of it, is one sentence."""
    text = base64.b64encode(zlib.compress(data)).decode()
    with pytest.raises(BadInput, match=r"^here: private_test_cases"):
        livecodebench.decode_tests(text, "here")


def test_a_pickle_allocates_nothing_but_its_text() -> None:
    """A place in a memo of 2^32 entries makes no such memo."""
    data = b"\x80\x02X\x02\x00\x00\x00[]r\xff\xff\xff\xff."
    assert livecodebench.decode_tests(base64.b64encode(zlib.compress(data)).decode(), "here") == []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_tests_of_every_pickle_protocol_are_read(protocol: int) -> None:
    """A text of any length and in any alphabet comes out of the pickles that Python makes."""
    for tests in ([{"input": "é\n", "output": "日本"}], [{"input": "x" * 300}] * 500):
        text = pickle.dumps(json.dumps(tests, ensure_ascii=False), protocol)
        assert livecodebench.decode_tests(base64.b64encode(zlib.compress(text)).decode(), "here") == tests


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "values",
    [
        {"private_test_cases": DEEP},
        {"private_test_cases": base64.b64encode(zlib.compress(pickle.dumps(DEEP))).decode()},
        {"public_test_cases": DEEP},
        {"metadata": DEEP},
        {
            "metadata": json.dumps({"func_name": "f"}),
            "public_test_cases": json.dumps([{"input": DEEP, "output": "1"}]),
        },
    ],
    ids=["private", "packed", "public", "metadata", "argument"],
)
def test_a_row_that_is_nested_too_deeply_is_named(tmp_path: Path, values: dict[str, Any]) -> None:
    """JSON inside a row that no parser follows to its end is refused with the row's place."""
    release(tmp_path, [row(1, "2024-01-01", **values)], files=1)
    with pytest.raises(BadInput, match=r"test\.jsonl:1: "):
        read(tmp_path, start="2024-01-01", end="2024-01-01", version="release_v1")


@pytest.mark.parametrize("name", ["__class__", "a;import os", "lambda", "a.b", "__iniｔ__", "1f", "f "])
def test_a_function_has_a_plain_name(tmp_path: Path, name: str) -> None:
    """What names the function under test is a name that a program can give one, or the row is refused."""
    release(tmp_path, [row(1, "2024-01-01", metadata=json.dumps({"func_name": name}))], files=1)
    with pytest.raises(BadInput, match=r"test\.jsonl:1: metadata\.func_name: .* is no plain name"):
        read(tmp_path, start="2024-01-01", end="2024-01-01", version="release_v1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["input", "output", "func_name", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
CELLS = (
    JSON
    | JSON.map(json.dumps)
    | JSON.map(packed)
    | st.binary(max_size=20).map(lambda data: base64.b64encode(data).decode())
)


@settings(max_examples=300)
@given(column=st.sampled_from(sorted(row(1, "2025-03-01"))), cell=CELLS, function=st.booleans())
@example(column="metadata", cell='{"func_name": null}', function=False)
@example(column="metadata", cell='{"func_name": [1]}', function=False)
def test_no_row_breaks_prepare(*, column: str, cell: Any, function: bool) -> None:
    """Whatever one column of a release holds: its rows are text, or refused with their place."""
    shape = {"metadata": '{"func_name": "f"}', "starter_code": "class Solution:"} if function else {}
    said = "test.jsonl:1"
    with tempfile.TemporaryDirectory() as folder:
        root = release(Path(folder), [{**row(1, "2025-03-01", **shape), column: cell}])
        try:
            found = read(root, start="2025-01-01", end="2025-12-31", version="release_v1")
            tables.table(tables.PROBLEMS, [problem.row() for problem in found])
        except BadInput as error:
            said = str(error)
    assert "test.jsonl:1" in said


def test_a_window_without_problems_is_an_error(tmp_path: Path) -> None:
    """An empty benchmark is refused with the window in the message."""
    release(tmp_path, [row(1, "2024-01-01")])
    benchmarks = {"lcb": source(tmp_path, start="2030-01-01", end="2030-02-01")}
    with pytest.raises(BadInput, match=r"benchmarks\[lcb\]: no problems are left between 2030-01-01 and 2030-02-01"):
        prepare.run(prepare_config(tmp_path, benchmarks=benchmarks, limit=5), context(tmp_path))


def test_it_goes_through_prepare(tmp_path: Path) -> None:
    """Problems, prompts and tests of a window become a complete benchmark with its counts."""
    release(tmp_path, shaped())
    benchmarks = {"lcb": source(tmp_path, start=V6_WINDOW[0], end=V6_WINDOW[1])}
    prepare.run(prepare_config(tmp_path, benchmarks=benchmarks, limit=5), context(tmp_path))
    counts = artifacts.open_artifact(tmp_path / "problems/lcb").manifest.counts
    assert {name: counts[name] for name in ("problems", "easy", "medium", "hard", "tests")} == {
        "problems": 131,
        **V6_WINDOW[2],
        "tests": 262,
    }
    tests = artifacts.open_artifact(tmp_path / "tests/lcb").table(files.TESTS, tables.TESTS)
    assert tests.num_rows == 262
