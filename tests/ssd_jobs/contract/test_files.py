"""Laws of the names that stages, the operator and people meet at."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.contract import files

ROOT = Path(__file__).parents[3]
STORED = {
    "BATCHES": "batches.parquet",
    "CALLS": "calls.parquet",
    "CHECKPOINTS": "steps",
    "CHECKS": "checks.parquet",
    "COLLECTED": "collected.json",
    "EXPORT": "model",
    "EXPORTS": "exports",
    "GENERATION_CONFIG": "generation_config.json",
    "LENGTHS": "lengths.parquet",
    "MANIFEST": "manifest.json",
    "METRICS": "metrics.jsonl",
    "MODEL_CONFIG": "config.json",
    "OVERLAPS": "overlaps.jsonl",
    "POSITIONS": "positions.npz",
    "PREPARED": "summary.json",
    "PROBLEMS": "problems.parquet",
    "PROGRESS": "progress.json",
    "PROMPTS": "prompts.parquet",
    "RECORDS": "records.parquet",
    "RECORD_PROMPTS": "record-prompts.parquet",
    "REMOVED": "removed.parquet",
    "REPORT_DOCUMENT": "report.json",
    "REPORT_GENERATIONS": "generations",
    "REPORT_MANIFESTS": "manifests",
    "REPORT_PAGE": "report.html",
    "REPORT_PLOTS": "plots",
    "REPORT_ROOT": "root.json",
    "REPORT_SAMPLES": "generations/samples.json",
    "REPORT_SCORECARDS": "scorecards",
    "REPORT_SPEC": "spec.json",
    "REPORT_SUMMARY": "summary.md",
    "SELECTION": "selection.json",
    "STATISTICS": "statistics.json",
    "TESTS": "tests.parquet",
    "TOKENIZER": "tokenizer.json",
    "TOKENIZER_CONFIG": "tokenizer_config.json",
    "TOKENIZER_MODEL": "tokenizer.model",
    "TOKENIZER_VOCABULARY": "vocab.json",
    "VERDICTS": "verdicts.parquet",
    "WEIGHTS": ".safetensors",
    "WEIGHTS_INDEX": "model.safetensors.index.json",
    "YIELDS": "yields.jsonl",
}
OTHERS = {"operator/ssd_operator/naming.py": {"config.json", "spec.json"}}
"""Names of other things: what a ConfigMap calls the config of a stage, and the spec of a run."""

Numbers = st.integers(min_value=0, max_value=10**8)


def test_a_name_that_is_stored_stays() -> None:
    """What earlier versions stored is found: every name is the one that it was."""
    assert {name: getattr(files, name) for name in files.__all__ if name.isupper()} == STORED


def test_no_two_things_have_one_name() -> None:
    """A name says what it is the name of."""
    assert len(set(STORED.values())) == len(STORED)


@given(number=Numbers)
def test_a_number_comes_back_from_the_name_that_holds_it(number: int) -> None:
    """Parts and steps are read as they are written, and neither is mistaken for the other."""
    assert files.part_number(files.part(number)) == number
    assert files.step_number(files.step(number)) == number
    assert files.step_number(files.part(number)) is files.part_number(files.step(number)) is None


@given(numbers=st.sets(Numbers, max_size=5), others=st.lists(st.text(max_size=12), max_size=5))
def test_parts_are_found_in_the_order_of_their_numbers(numbers: set[int], others: list[str]) -> None:
    """Among any names the parts are found, in the order in which they were written."""
    names = [*(files.part(number) for number in numbers), *(other for other in others if not other.startswith("part-"))]
    assert files.parts(reversed(names)) == [files.part(number) for number in sorted(numbers)]


@pytest.mark.parametrize("name", ["part-1.parquet", "part-00001.parquet.tmp", ".tmp-part-00001.parquet", "part-00001"])
def test_what_is_nearly_a_part_is_none(name: str) -> None:
    """A file that is half written, or somebody else's, is no part of a shard."""
    assert files.part_number(name) is None


@given(places=st.sets(st.tuples(Numbers, Numbers), min_size=2, max_size=2))
def test_no_two_shards_share_a_directory(places: set[tuple[int, int]]) -> None:
    """Each shard of each layout has a directory of its own, directly below the artifact's."""
    first, second = (files.shard(Path("artifact"), *place) for place in places)
    assert first != second
    assert first.parent == second.parent == Path("artifact")


@given(form=st.sampled_from(["Instruct", "Thinking"]), path=st.from_regex(r"[a-z/]{1,9}\.jinja", fullmatch=True))
def test_a_template_of_the_package_is_told_from_a_file(form: str, path: str) -> None:
    """A config says by the name whether the template is the package's or the user's."""
    assert files.is_builtin_template(files.builtin_template(form))
    assert not files.is_builtin_template(path)


def test_no_other_module_spells_such_a_name() -> None:
    """Whoever writes or reads what crosses a border takes the name from here."""
    sources = [path for folder in ("ssd_jobs", "operator") for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(sources) > 100
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sources
        if path != Path(files.__file__)
        for line, text in spelled(path)
        if text not in OTHERS.get(path.relative_to(ROOT).as_posix(), ())
    ]
    assert not found


def spelled(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the literals of a module that are, end with, or begin such a name; docstrings may mention them."""
    suffixed = "|".join(re.escape(name) for name in STORED.values() if "." in name[1:])
    pattern = re.compile(rf"(^|/)({suffixed})$|^(part|shard|step)-(?!0 )|/{STORED['EXPORT']}$|^builtin:")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    literals = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in prose)
    for node in literals:
        if isinstance(node.value, str) and pattern.search(node.value):
            yield node.lineno, node.value
