"""Prepare makes each part once, complete or absent, from whatever source, and says plainly what cannot work."""

import json
import math
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors import safe_open

from configs.parts import CHAT, COLUMNS, TOY, key, model_at, rows_at
from configs.prepare import prepare_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.contract.path_rows import digest
from ssd_jobs.errors import BadInput
from ssd_jobs.models.prompts import load_tokenizer
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.toy import base_model
from workspaces.heard import Heard
from workspaces.sampling import context

Breaking = Callable[[Path], contract.PrepareConfig]
"""Prepares a workspace in which something is wrong, and returns the config."""
ROWS = [
    {"id": "a", "statement": "Print the sum of two numbers."},
    {"id": "b", "statement": "Print   the sum\nof two numbers."},
    {"id": "c", "statement": "Return the sum of two numbers.", "starterCode": "def add(a, b):\n", "difficulty": "Hard"},
    {"id": "c", "statement": "Print nothing."},
]


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> contract.PathRows:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows_at(str(path))


def prepared(root: Path, **config: Any) -> dict[str, str]:
    return prepare.run(prepare_config(root, **config), context(root)).digests


def pool(root: Path) -> list[dict[str, Any]]:
    return tables.rows(artifacts.open_artifact(root / "problems/pool").table(files.PROBLEMS, tables.PROBLEMS))


@pytest.fixture
def source(tmp_path: Path) -> contract.PathRows:
    return write_jsonl(tmp_path / "pool.jsonl", ROWS)


def test_prompts_are_the_tokens_of_the_chat_template(tmp_path: Path, source: contract.PathRows) -> None:
    """Each prompt's ids are what the tokenizer gives for the template's turns, and its text what they decode to."""
    prepared(tmp_path, prompts=source)
    tokenizer = load_tokenizer(base_model.directory(), trust_remote_code=False)
    rows = tables.rows(artifacts.open_artifact(tmp_path / "problems/pool").table(files.PROMPTS, tables.PROMPTS))
    first = rows[0]
    turns = [{"role": "user", "content": ROWS[0]["statement"]}]
    assert first["token_ids"] == tokenizer.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
    assert first["text"] == tokenizer.decode(first["token_ids"])
    assert "def add(a, b):" in rows[1]["text"]


def test_fetching_and_hashing_are_told_in_megabytes(tmp_path: Path, source: contract.PathRows) -> None:
    """A model is fetched and then hashed, each told to its end; found again, it is hashed alone."""
    config = prepare_config(tmp_path, prompts=source)
    first, again = Heard(), Heard()
    prepare.run(config, Context(tmp_path, 0, first))
    prepare.run(config, Context(tmp_path, 0, again))
    assert first.units() == ["MB fetched", "MB hashed", "parts"]
    assert again.units() == ["MB hashed"]


def test_equal_statements_count_once_and_ids_stay_unique(tmp_path: Path, source: contract.PathRows) -> None:
    """Statements that differ in white space are one problem; an id that two problems share is told apart."""
    prepared(tmp_path, prompts=source)
    assert [row["problem_id"] for row in pool(tmp_path)] == ["a", "c", "c#2"]
    counts = artifacts.open_artifact(tmp_path / "problems/pool").manifest.counts
    assert {name: counts[name] for name in ("rows", "unique", "kept")} == {"rows": 4, "unique": 3, "kept": 3}


def test_no_two_problems_share_an_id(tmp_path: Path) -> None:
    """An id that is made to tell two problems apart is not one that a third problem has."""
    rows = [{"id": name, "statement": f"Print {number}."} for number, name in enumerate(["a", "a", "a#2", "a#2", "a"])]
    prepared(tmp_path, prompts=write_jsonl(tmp_path / "pool.jsonl", rows))
    names = [row["problem_id"] for row in pool(tmp_path)]
    assert len(set(names)) == len(rows), names


def test_kind_and_entry_point_follow_from_starter_code(tmp_path: Path, source: contract.PathRows) -> None:
    """A problem with starter code is a function, one without is a program."""
    prepared(tmp_path, prompts=source)
    found = {row["problem_id"]: (row["kind"], row["entry_point"], row["difficulty"]) for row in pool(tmp_path)}
    assert found["c"] == ("functional", "add", "hard")
    assert found["a"] == ("stdin", "", "")


def test_a_limit_takes_problems_by_hash(tmp_path: Path) -> None:
    """A limit never means the first rows, a larger one contains a smaller one, and row order plays no part."""
    rows = [{"id": f"p{number}", "statement": f"Print {number}."} for number in range(60)]
    chosen = []
    for name, limit, order in (("ten", 10, rows), ("twenty", 20, rows), ("turned", 10, rows[::-1])):
        (tmp_path / name).mkdir()
        prepared(tmp_path / name, prompts=write_jsonl(tmp_path / name / "pool.jsonl", order), limit=limit)
        chosen.append({row["problem_id"] for row in pool(tmp_path / name)})
    assert chosen[0] < chosen[1]
    assert chosen[0] == chosen[2]
    assert chosen[0] != {f"p{number}" for number in range(10)}


def test_both_counts_are_recorded_when_a_passed_column_is_required(tmp_path: Path) -> None:
    """The number of problems with and without the filter are on record, and the filter is pointed out."""
    rows = [{"id": f"p{n}", "statement": f"Print {n // 2}.", "is_passed": n in (1, 4, 5)} for n in range(8)]
    prepared(tmp_path, prompts=write_jsonl(tmp_path / "pool.jsonl", rows), require_passed_column="is_passed")
    manifest = artifacts.open_artifact(tmp_path / "problems/pool").manifest
    assert (manifest.counts["unique"], manifest.counts["unique_passed"], manifest.counts["passed"]) == (4, 2, 3)
    assert [row["problem_id"] for row in pool(tmp_path)] == ["p1", "p4"]
    assert "is_passed" in str(manifest.facts["correctness_signal"])
    assert manifest.facts["rows_sha256"] == digest(tmp_path / "pool.jsonl")


def test_parquet_and_jsonl_give_the_same(tmp_path: Path) -> None:
    """The same rows are the same artifact, whatever the file format."""
    rows = [{"id": f"p{n}", "statement": f"Print {n}.", "extra": "x" * 50} for n in range(5)]
    digests = []
    for name in ("pool.jsonl", "pool.parquet"):
        root = tmp_path / name.replace(".", "-")
        root.mkdir()
        write_jsonl(root / "pool.jsonl", rows)
        pq.write_table(pa.Table.from_pylist(rows), root / "pool.parquet")
        digests.append(prepared(root, prompts=rows_at(name))["prompts"])
    assert digests[0] == digests[1]


def test_everything_is_made_once(tmp_path: Path) -> None:
    """A second run finds all parts complete, changes no byte, and reports the same digests and the model's size."""
    first = prepared(tmp_path, benchmarks={"toy": TOY}, limit=20)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert prepared(tmp_path, benchmarks={"toy": TOY}, limit=20) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before
    assert first.keys() == {"model", "prompts", "toy"}
    size = prepare.run(prepare_config(tmp_path, benchmarks={"toy": TOY}, limit=20), context(tmp_path)).size
    assert size is not None
    with safe_open(tmp_path / "models/base/model.safetensors", framework="numpy") as weights:
        assert size.parameters == sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118 - no dictionary
    assert size.bytes == sum(file.stat().st_size for file in (tmp_path / "models/base").glob("*.safetensors"))


def test_digests_contain_no_time_and_no_place(tmp_path: Path) -> None:
    """Two workspaces give the same digests."""
    found = [prepared(tmp_path / name, benchmarks={"toy": TOY}, limit=20) for name in ("one", "two")]
    assert found[0] == found[1]


def test_tests_lie_in_a_root_of_their_own(tmp_path: Path) -> None:
    """No file beside the prompts contains an expected output."""
    rows = [{"id": "p", "statement": "Double it.", "tests": [{"input": "3\n", "output": "SECRET-6\n"}]}]
    prepared(tmp_path, benchmarks={"own": write_jsonl(tmp_path / "bench.jsonl", rows)}, limit=5)
    tests = artifacts.open_artifact(tmp_path / "tests/own").table(files.TESTS, tables.TESTS)
    assert tests["output"].to_pylist() == ["SECRET-6\n"]
    for path in (tmp_path / "problems").rglob("*.parquet"):
        assert "SECRET-6" not in str(pq.read_table(path).to_pydict())


@pytest.mark.parametrize(("policy", "kept"), [("Report", 2), ("Drop", 1), ("Ignore", 2)])
def test_overlap_with_a_benchmark_is_handled_as_asked(tmp_path: Path, policy: str, kept: int) -> None:
    """Thirteen shared words are reported, dropped, or not looked for."""
    shared = "given an array of integers print the largest sum of any contiguous part of it please"
    rows = [{"id": "same", "statement": f"Alice asks: {shared}"}, {"id": "other", "statement": "Print one."}]
    bench = [{"id": "b", "statement": shared.upper(), "tests": [{"input": "1", "output": "1"}]}]
    source = write_jsonl(tmp_path / "pool.jsonl", rows)
    benchmarks = {"own": write_jsonl(tmp_path / "bench.jsonl", bench)}
    prepared(tmp_path, prompts=source, benchmarks=benchmarks, decontaminate=policy)
    assert len(pool(tmp_path)) == kept
    lines = (tmp_path / f"problems/pool/{files.OVERLAPS}").read_text().splitlines()
    assert [json.loads(line)["problem_id"] for line in lines] == ([] if policy == "Ignore" else ["same"])


@pytest.mark.parametrize("limit", [0, 1])
def test_an_overlap_names_the_problem_that_was_kept(tmp_path: Path, limit: int) -> None:
    """A list of overlaps has the ids of the table, and says which problems a limit left out."""
    shared = "given an array of integers print the largest sum of any contiguous part of it please"
    rows = [{"id": "a", "statement": f"{word} {shared}"} for word in ("First", "Second", "Third")]
    bench = [{"id": "b", "statement": shared, "tests": [{"input": "1", "output": "1"}]}]
    source = write_jsonl(tmp_path / "pool.jsonl", rows)
    prepared(tmp_path, prompts=source, benchmarks={"own": write_jsonl(tmp_path / "b.jsonl", bench)}, limit=limit)
    kept = [row["problem_id"] for row in pool(tmp_path)]
    lines = map(json.loads, (tmp_path / f"problems/pool/{files.OVERLAPS}").read_text().splitlines())
    assert [line["problem_id"] for line in lines if line["kept"]] == kept
    counts = artifacts.open_artifact(tmp_path / "problems/pool").manifest.counts
    assert (counts["overlapping"], counts["overlapping_kept"]) == (3, len(kept))
    assert len(kept) == (limit or 3)


def test_difficulties_are_counted_as_the_table_has_them(tmp_path: Path) -> None:
    """A rating, or a word that is no difficulty of ours, is no difficulty, and no count of its own."""
    words = ["easy", "Hard", "1500", "tests", "", "problems"]
    rows = [{"id": f"p{n}", "statement": f"x{n}", "difficulty": word, "tests": TEST} for n, word in enumerate(words)]
    prepared(tmp_path, benchmarks={"own": write_jsonl(tmp_path / "bench.jsonl", rows)}, limit=5)
    counts = artifacts.open_artifact(tmp_path / "problems/own").manifest.counts
    assert counts == {"problems": 6, "tests": 6, "easy": 1, "hard": 1, "unrated": 4}


def test_problems_of_two_benchmarks_are_counted(tmp_path: Path) -> None:
    """A statement that two benchmarks share is listed with its names in both."""
    test = [{"input": "1", "output": "1"}]
    one = [{"id": "x", "statement": "Print  it.", "tests": test}, {"id": "y", "statement": "Other.", "tests": test}]
    two = [{"id": "z", "statement": "Print it.", "tests": test}]
    benchmarks = {name: write_jsonl(tmp_path / f"{name}.jsonl", rows) for name, rows in (("one", one), ("two", two))}
    prepared(tmp_path, benchmarks=benchmarks, limit=5)
    summary = artifacts.open_artifact(tmp_path / "problems/prepare").manifest
    assert summary.counts["shared_problems"] == 1
    assert summary.facts["shared_problems"] == [{"one": "x", "two": "z"}]


def test_the_model_is_a_directory_with_every_file_hashed(tmp_path: Path) -> None:
    """The model's manifest vouches for every byte, and nothing but a model's files is taken."""
    source = tmp_path / "source"
    source.mkdir()
    for file in base_model.directory().iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    (source / "pytorch_model.bin").write_bytes(b"pickle")
    (source / "modeling.py").write_text("import os")
    prepared(tmp_path, model=model_at("source"), limit=5)
    model = artifacts.open_artifact(tmp_path / "models/base")
    model.verify()
    assert {"config.json", "model.safetensors", files.TOKENIZER} <= model.manifest.files.keys()
    assert not {"pytorch_model.bin", "modeling.py"} & model.manifest.files.keys()


def test_a_source_that_was_corrected_is_used(tmp_path: Path) -> None:
    """What an attempt took from a broken source does not spoil the next one: half of other shards, other files."""
    source = tmp_path / "source"
    source.mkdir()
    for file in base_model.directory().iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    (source / "model.safetensors").rename(source / "model-00001-of-00002.safetensors")
    places = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (source / files.WEIGHTS_INDEX).write_text(json.dumps({"weight_map": places}))
    with pytest.raises(BadInput, match=r"model-00002-of-00002\.safetensors is missing"):
        prepared(tmp_path, model=model_at("source"), limit=5)
    (source / "model-00001-of-00002.safetensors").rename(source / "model.safetensors")
    (source / files.WEIGHTS_INDEX).unlink()
    prepared(tmp_path, model=model_at("source"), limit=5)
    (tmp_path / "clean").mkdir()
    prepared(tmp_path / "clean", model=model_at(str(source)), limit=5)
    both = [artifacts.open_artifact(root / "models/base").digest for root in (tmp_path, tmp_path / "clean")]
    assert both[0] == both[1]


def test_a_part_that_is_made_again_is_not_complete_meanwhile(tmp_path: Path) -> None:
    """Problems and tests are made together: when one of both is missing, the other is no artifact until both are."""
    row = {"id": "a", "statement": "x", "tests": TEST}
    source = write_jsonl(tmp_path / "bench.jsonl", [row])
    prepared(tmp_path, benchmarks={"own": source}, limit=5)
    (tmp_path / f"problems/own/{files.MANIFEST}").unlink()
    write_jsonl(tmp_path / "bench.jsonl", [row, row])
    with pytest.raises(BadInput, match="is there twice"):
        prepared(tmp_path, benchmarks={"own": source}, limit=5)
    assert artifacts.complete(tmp_path / "tests/own", key=key("3")) is None


def test_a_users_template_is_used_and_is_no_code(tmp_path: Path, source: contract.PathRows) -> None:
    """A file of the workspace replaces the template; what a statement contains is never executed."""
    (tmp_path / "mine.jinja").write_text("Task: {{ statement }}")
    rows = [{"id": "p", "statement": "{{ 7 * 7 }} {% raise %}"}]
    source = write_jsonl(tmp_path / "pool.jsonl", rows)
    prepared(tmp_path, prompts=source, rendering=template("mine.jinja", "Raw"))
    (row,) = tables.rows(artifacts.open_artifact(tmp_path / "problems/pool").table(files.PROMPTS, tables.PROMPTS))
    assert row["text"] == "Task: {{ 7 * 7 }} {% raise %}"


def template(name: str, mode: Literal["Chat", "Raw"] = "Chat") -> contract.Rendering:
    """A rendering with another template."""
    return CHAT.model_copy(update={"template": name, "prompt_mode": mode})


def lines(*rows: dict[str, Any], **config: Any) -> Breaking:
    """Training problems from these rows."""
    return lambda root: wanted(root, prompts=write_jsonl(root / "rows.jsonl", list(rows)), **config)


def wanted(root: Path, **config: Any) -> contract.PrepareConfig:
    """A config of few problems."""
    return prepare_config(root, **{"limit": 5, **config})


def but(**config: Any) -> Breaking:
    """Nothing but a config."""
    return lambda root: wanted(root, **config)


def bench(*rows: dict[str, Any]) -> Breaking:
    """A benchmark from these rows."""
    return lambda root: wanted(root, benchmarks={"own": write_jsonl(root / "rows.jsonl", list(rows))})


def parquet(tests: list[dict[str, Any]]) -> Breaking:
    """A benchmark as parquet, with one problem."""

    def write(root: Path) -> contract.PrepareConfig:
        row = {"id": "a", "statement": "x", "tests": tests}
        pq.write_table(pa.Table.from_pylist([row]), root / "rows.parquet")
        return wanted(root, benchmarks={"own": rows_at("rows.parquet")})

    return write


def file(name: str, content: bytes, **config: Any) -> Breaking:
    """A file in the workspace."""

    def write(root: Path) -> contract.PrepareConfig:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
        return wanted(root, **config)

    return write


def without_template(root: Path) -> contract.PrepareConfig:
    """A model whose tokenizer has no chat template."""
    (root / "bare").mkdir()
    for each in base_model.directory().iterdir():
        if "template" not in each.name:
            (root / "bare" / each.name).write_bytes(each.read_bytes())
    config = json.loads((root / f"bare/{files.TOKENIZER_CONFIG}").read_text())
    config.pop("chat_template", None)
    (root / f"bare/{files.TOKENIZER_CONFIG}").write_text(json.dumps(config))
    return wanted(root, model=model_at("bare"))


def model_with(name: str, content: bytes) -> Breaking:
    """The toy model with another content of one file."""

    def write(root: Path) -> contract.PrepareConfig:
        (root / "model").mkdir()
        for each in base_model.directory().iterdir():
            (root / "model" / each.name).write_bytes(each.read_bytes())
        (root / "model" / name).write_bytes(content)
        return wanted(root, model=model_at("model"))

    return write


WEIGHTS = (base_model.directory() / "model.safetensors").read_bytes()
DAY = date(2025, 2, 1)
TEST = [{"input": "", "output": "1"}]
FUNCTION = {"id": "f", "statement": "Return it.", "starterCode": "def same(x):"}
HUB = contract.HuggingFaceModel(kind="huggingFace", repo="nobody/nothing", revision="main")
HUB_ROWS = contract.HuggingFaceRows(
    kind="huggingFace", repo=HUB.repo, revision=HUB.revision, config="", split="train", columns=COLUMNS
)
BREAKING: dict[str, tuple[Breaking, str]] = {
    "no such model": (
        but(model=model_at("nowhere")),
        r"model\.source\.path: .*nowhere is no directory",
    ),
    "model without weights": (
        file("half/config.json", b"{}", model=model_at("half")),
        r"model\.source: .*safetensors",
    ),
    "weights cut off": (
        model_with("model.safetensors", WEIGHTS[: len(WEIGHTS) // 2]),
        r"model\.source: model\.safetensors is no whole file of weights",
    ),
    "broken config": (model_with("config.json", b"{"), r"model\.source: config\.json is no JSON"),
    "config of another form": (model_with("config.json", b"[]"), r"model\.source: config\.json holds no JSON object"),
    "settings of another form": (
        model_with(files.GENERATION_CONFIG, b"[]"),
        r"model\.source: generation_config\.json holds no JSON object",
    ),
    "tokenizer of another library": (
        model_with(files.TOKENIZER, b'{"added_tokens": [], "model": {"type": "Moon"}}'),
        r"model\.source: .* has no usable tokenizer \(data did not match any variant",
    ),
    "tokenizer of another form": (model_with(files.TOKENIZER, b"5"), r"model\.source: .* has no usable tokenizer"),
    "index without weights": (
        model_with(files.WEIGHTS_INDEX, b"{}"),
        r"model\.source: model\.safetensors\.index\.json has no weight_map",
    ),
    "no chat template": (without_template, r"model\.promptMode: Chat, but the tokenizer has no chat template"),
    "missing column": (
        lines({"id": "a", "question": "?"}),
        r"prompts\.source\.path\.columns: .*rows\.jsonl has no column 'statement'",
    ),
    "missing passed column": (
        lines(*ROWS, require_passed_column="is_passed"),
        r"prompts\.requirePassedColumn: .*no column 'is_passed'",
    ),
    "nothing left": (
        lines({"id": "a", "statement": "x", "ok": False}, require_passed_column="ok"),
        r"prompts: no problem is left of 1 rows",
    ),
    "empty file": (lines(), r"prompts: no problem is left of 0 rows"),
    "empty statement": (lines({"id": "a", "statement": " "}), r"rows\.jsonl:1: statement is empty"),
    "broken line": (
        file("rows.jsonl", b'{"id": "a", "statement": "x"}\n{"id": ', prompts=rows_at("rows.jsonl")),
        r"rows\.jsonl:2: is no JSON",
    ),
    "corrupt parquet": (
        file("rows.parquet", b"PAR1" + bytes(40), prompts=rows_at("rows.parquet")),
        r"rows\.parquet: cannot be read as parquet",
    ),
    "no such file": (
        but(prompts=rows_at("gone.jsonl")),
        r"prompts\.source\.path: .*gone\.jsonl does not exist",
    ),
    "unknown builtin": (
        but(prompts=contract.Builtin(kind="builtin", name="moon")),
        r"prompts\.source\.builtin: there are no problems 'moon'",
    ),
    "no such template": (
        but(rendering=template("gone.jinja")),
        r"prompts\.template: .*gone\.jinja cannot be read",
    ),
    "broken template": (
        file("bad.jinja", b"{{ statement ", rendering=template("bad.jinja")),
        r"prompts\.template: bad\.jinja",
    ),
    "unknown variable": (
        file("bad.jinja", b"{{ solution }}", rendering=template("bad.jinja")),
        r"prompts\.template: bad\.jinja: 'solution' is undefined",
    ),
    "benchmark without tests": (
        bench({"id": "a", "statement": "x", "tests": []}),
        r"evaluation\.benchmarks\[own\]: problem a has no tests",
    ),
    "problem twice": (
        bench(*[{"id": "a", "statement": "x", "tests": TEST}] * 2),
        r"evaluation\.benchmarks\[own\]: problem a is there twice",
    ),
    "test that expects nothing": (
        bench({"id": "a", "statement": "x", "tests": [{"input": "1", "output": ""}]}),
        r"evaluation\.benchmarks\[own\]: problem a, test 0: has no expected output",
    ),
    "arguments that are no list": (
        bench({**FUNCTION, "tests": [{"input": "5", "output": "5"}]}),
        r"evaluation\.benchmarks\[own\]: problem f, test 0: the input is no JSON list of arguments",
    ),
    "starter code without a function": (
        bench({**FUNCTION, "starterCode": "function f(x) {", "tests": [{"input": [5], "output": 5}]}),
        r"evaluation\.benchmarks\[own\]: problem f: a functional problem, and only one, names an entry_point",
    ),
    "starter code of a dunder": (
        bench({**FUNCTION, "starterCode": "def __getattr__(x):", "tests": [{"input": [5], "output": 5}]}),
        r"rows\.jsonl:1: starterCode: '__getattr__' is no plain name",
    ),
    "sample input that is no list": (
        lines({**FUNCTION, "sampleInputs": [[1], "5"]}),
        r"rows\.jsonl:1: a sample input is no list of arguments; write \[1, 2\]",
    ),
    "half of a surrogate pair": (
        lines({"id": "a", "statement": "x \ud800 y"}),
        r"rows\.jsonl:1: holds half of a surrogate pair",
    ),
    "half of a pair in packed tests": (
        bench({"id": "a", "statement": "x", "tests": json.dumps([{"input": "\udc00", "output": "1"}])}),
        r"tests: .*udc00.* holds half of a surrogate pair",
    ),
    "nested too deeply": (
        file("rows.jsonl", b'{"statement": ' + b"[" * 100_000, prompts=rows_at("rows.jsonl")),
        r"rows\.jsonl:1: is no JSON \(maximum recursion",
    ),
    "tests nested too deeply": (
        bench({"id": "a", "statement": "x", "tests": "[" * 100_000}),
        r"rows\.jsonl:1: tests is neither a list nor JSON",
    ),
    "no input": (
        bench({"id": "a", "statement": "x", "tests": [{"input": None, "output": "1"}]}),
        r"rows\.jsonl:1: an input or output is null",
    ),
    "bytes in a test": (parquet([{"input": b"x", "output": b"1"}]), r"rows\.parquet: row 1: .* is no JSON \(.*bytes"),
    "date in a test": (parquet([{"input": "x", "output": DAY}]), r"rows\.parquet: row 1: .* is no JSON \(.*date"),
    "unknown builtin template": (
        but(rendering=template("builtin:moon")),
        r"prompts\.template: there is no builtin:moon; use builtin:instruct or builtin:thinking",
    ),
    "template that cannot be rendered": (
        file("bad.jinja", b"{{ statement + 1 }}", rendering=template("bad.jinja")),
        r"prompts\.template: bad\.jinja: can only concatenate",
    ),
    "template that some problem breaks": (
        file("bad.jinja", b"{{ 1 / (kind == 'functional') }}", rendering=template("bad.jinja")),
        r"prompts\.template: bad\.jinja: division by zero",
    ),
    "template that says nothing": (
        file("bad.jinja", b" ", rendering=template("bad.jinja", "Raw")),
        r"prompts\.template: bad\.jinja: gives an empty prompt",
    ),
    "test without output": (
        bench({"id": "a", "statement": "x", "tests": [{"input": ""}]}),
        r"rows\.jsonl:1: a test lacks input or output",
    ),
    "unknown data set offline": (
        but(prompts=HUB_ROWS),
        r"prompts\.source\.huggingFace: nobody/nothing at 'main' is not in the local cache",
    ),
    "unknown model offline": (
        but(model=HUB),
        r"model\.source\.huggingFace: nobody/nothing at 'main' is not in the local cache",
    ),
}


@pytest.mark.parametrize("case", BREAKING)
def test_what_cannot_work_is_said_in_one_sentence(tmp_path: Path, case: str) -> None:
    """Bad input ends in one line that names the field or the file, and leaves nothing complete behind."""
    breaking, message = BREAKING[case]
    with pytest.raises(BadInput) as error:
        prepare.run(breaking(tmp_path), context(tmp_path))
    assert re.search(message, str(error.value)), str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / f"problems/prepare/{files.MANIFEST}").exists()


def test_a_benchmark_of_answers_is_asked_without_a_word_of_programs(tmp_path: Path) -> None:
    """Its prompts are its statements, its tests hold the form, and the sort that the grading is not for is refused."""
    file = tmp_path / "capitals.jsonl"
    file.write_text(json.dumps({"id": "no", "statement": "Capital of Norway?", "answer": "Oslo"}) + "\n")
    whole = prepare_config(tmp_path, benchmarks={"capitals": rows_at(str(file))}, limit=2)
    [part] = whole.benchmarks
    with pytest.raises(BadInput, match=r"\.grading: problem no is about answers .*: write grading: \[Answer\]"):
        prepare.run(whole, context(tmp_path))
    answered = part.model_copy(update={"answered": True})
    prepare.run(whole.model_copy(update={"benchmarks": (answered,)}), context(tmp_path))
    found = artifacts.open_artifact(tmp_path / part.output)
    [problem], [prompt] = (
        tables.rows(found.table(name, schema))
        for name, schema in ((files.PROBLEMS, tables.PROBLEMS), (files.PROMPTS, tables.PROMPTS))
    )
    assert problem["kind"] == "answer"
    assert "Capital of Norway?" in prompt["text"]
    assert "ython" not in prompt["text"]
    [test] = tables.rows(artifacts.open_artifact(tmp_path / part.tests_output).table(files.TESTS, tables.TESTS))
    assert (json.loads(test["input"])["form"], test["output"]) == ("text", "Oslo")
