"""Laws of the grade stage: every generation gets its verdict, or there is no artifact."""

from dataclasses import replace
from pathlib import Path

import pytest

from configs.grade import GENERATIONS, PROBLEMS, TESTS, VERDICTS, grade_config
from ssd_jobs import artifacts
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, JobError, Terminated
from ssd_jobs.sandbox.client import Client, Line, SandboxHung
from ssd_jobs.sandbox.opening import connect_sandbox, limits_of
from ssd_jobs.stages.grade import ProblemTests, questions, shard
from ssd_jobs.stages.grade import stage as grade
from ssd_jobs.stages.grade.canaries import CanaryFailed
from ssd_jobs.stages.grade.grading import BATCH
from ssd_jobs.stages.grade.shard import spoil
from workspaces import graded

TEXTS = {
    "double": [graded.RIGHT, graded.WRONG, graded.NO_CODE],
    "again": [graded.BROKEN, graded.RIGHT, graded.RIGHT],
    "max": [graded.WRONG, graded.RIGHT, "```python\nimport time\nraise SystemExit(3)\n```"],
}
KINDS = {
    "again": ["compile_error", "pass", "pass"],
    "double": ["pass", "wrong", "no_code"],
    "max": ["wrong", "pass", "rte"],
}


def test_every_generation_gets_its_verdict_in_both_modes(tmp_path: Path) -> None:
    """Verdicts are those of the programs, in order; canaries, isolation and counts are in the manifest."""
    root = graded.workspace(tmp_path, TEXTS)
    result = grade.run(grade_config(root), graded.context(root))
    assert result.message == "shard 0: 18 verdicts graded"
    rows = graded.verdicts(root, "process")
    assert {name: [row["verdict"] for row in rows if row["problem_id"] == name] for name in KINDS} == KINDS
    (shard,) = artifacts.open_shards(root / f"{VERDICTS}-process")
    assert shard.manifest.facts["canaries"] == "passed"
    assert shard.manifest.facts["isolation"]["seccomp"] is True  # type: ignore[index,call-overload]
    assert shard.manifest.counts["verdict_pass"] == 4
    assert set(shard.manifest.inputs) == {"problems", "tests", "generations"}
    again = grade.run(grade_config(root), graded.context(root))
    assert (again.digest, again.message) == (result.digest, "shard 0: 18 verdicts found complete")


def test_a_program_in_thoughts_is_not_graded(tmp_path: Path) -> None:
    """A right program in thoughts that the token limit cut is no answer in either mode, and is counted."""
    root = graded.workspace(
        tmp_path, {"double": [graded.RIGHT] * 2}, answer_start=len(graded.RIGHT), finish_reason="length"
    )
    grade.run(grade_config(root), graded.context(root))
    for mode in ("process", "lcb"):
        assert [row["verdict"] for row in graded.verdicts(root, mode)] == ["no_code", "no_code"]
        (shard,) = artifacts.open_shards(root / f"{VERDICTS}-{mode}")
        assert shard.manifest.counts["cut_while_thinking"] == 2


def test_a_sample_that_could_not_be_drawn_is_no_code_with_the_cause(tmp_path: Path) -> None:
    """It counts as unsolved, and the verdict says why there was nothing to grade."""
    root = graded.workspace(tmp_path, {"double": [""]}, error="prompt_too_long", finish_reason="error")
    grade.run(grade_config(root), graded.context(root))
    [row] = graded.verdicts(root, "process")
    assert (row["verdict"], row["reason"]) == ("no_code", "there is no answer: prompt_too_long")


def test_shards_are_a_partition_by_problem_whatever_the_shards_of_generate(tmp_path: Path) -> None:
    """Each problem is graded whole, by exactly one shard, from generations in any number of shards."""
    root = graded.workspace(tmp_path, TEXTS, shards=2)
    config = grade_config(root, shards=2)
    config = config.model_copy(update={"tasks": config.tasks[:1]})
    for index in range(2):
        grade.run(config, graded.context(root, index=index))
    rows = graded.verdicts(root, "process")
    assert sorted((row["problem_id"], row["sample_index"]) for row in rows) == [
        (name, i) for name in sorted(TEXTS) for i in range(3)
    ]
    assert {artifacts.shard_of(name, 2) for name in TEXTS} == {0, 1}


@pytest.mark.parametrize(
    ("tests", "problem", "words"),
    [
        ([], {}, r"tests\.parquet: problem p has no tests"),
        ([{"output": ""}], {}, r"tests\.parquet: problem p, test 0: has no expected output"),
        (
            [{}],
            {"difficulty": "brutal"},
            r"problems\.parquet: problem p has the unknown difficulty 'brutal'; use easy,",
        ),
        ([{}], {"kind": "magic"}, r"problem p has the unknown kind 'magic'"),
        ([{}], {"entry_point": "f"}, r"problem p: a functional problem, and only one, names an entry_point"),
        ([{"input": "3"}], {"kind": "functional", "entry_point": "f"}, r"test 0: the input is no JSON list"),
        (
            [{"input": "[3]", "output": "{"}],
            {"kind": "functional", "entry_point": "f"},
            r"test 0: the output is no JSO",
        ),
    ],
    ids=["no tests", "no output", "difficulty", "kind", "entry point", "input", "output"],
)
def test_what_cannot_be_graded_fairly_is_refused_by_name(
    tmp_path: Path, tests: list[dict[str, object]], problem: dict[str, object], words: str
) -> None:
    """Bad problems and tests are refused with file, problem and test, before any program runs."""
    root = graded.workspace(tmp_path, {"p": [graded.RIGHT]})
    rows = [{**graded.tests_of("p")[0], **changes} for changes in tests]
    graded.write(root / TESTS, {files.TESTS: ("tests", rows)})
    graded.write(root / PROBLEMS, {files.PROBLEMS: ("problems", [graded.problem("p", **problem)])})
    with pytest.raises(BadInput, match=words):
        grade.run(grade_config(root), graded.context(root))


class Failing(Client):
    """A sandbox whose first answers are failures, whatever the program."""

    def __init__(self, path: Path, failures: int) -> None:
        super().__init__(path)
        self.left = failures

    def connect(self) -> Line:
        """Fail, as a sandbox that hangs does, and work later."""
        if self.left:
            self.left -= 1
            raise SandboxHung("no answer within 1 s")
        return super().connect()


@pytest.mark.parametrize("failures", [4, 1000], ids=["for a while", "for good"])
def test_a_failure_of_the_sandbox_is_never_a_wrong_answer(tmp_path: Path, failures: int) -> None:
    """A sandbox that fails is asked again; when it fails for good there is an error and no verdict."""
    root = graded.workspace(tmp_path, {"p": [graded.RIGHT]})
    config = grade_config(root)
    known = questions.questions(artifacts.open_artifact(root / PROBLEMS), artifacts.open_artifact(root / TESTS))
    wanted = questions.completions(artifacts.open_shards(root / GENERATIONS), known)
    with connect_sandbox(config.execution, memory_mb=config.science.memory_mb) as client:
        failing = Failing(client.path, failures)
        found = grade.grade(failing, known, wanted, "Process", limits_of(config.science))
        if failures < 1000:
            assert [row["verdict"] for _, row in found] == ["pass"]
        else:
            with pytest.raises(JobError, match="1 of 1 programs have no verdict, because the sandbox failed each time"):
                list(found)


def test_shards_hold_their_own_problems_only(tmp_path: Path) -> None:
    """What the shards of a grade read is disjoint and, together, everything, each problem with its tests."""
    names = [f"p{number}" for number in range(9)]
    root = graded.workspace(tmp_path, {name: [graded.RIGHT, graded.WRONG] for name in names}, shards=2)
    problems, tests = (artifacts.open_artifact(root / path) for path in (PROBLEMS, TESTS))
    generated = artifacts.open_shards(root / GENERATIONS)
    known = [questions.questions(problems, tests, shard=number, shards=4) for number in range(4)]
    wanted = [questions.completions(generated, known[number], shard=number, shards=4) for number in range(4)]
    assert sorted(name for each in known for name in each) == names
    assert {name: found for each in known for name, found in each.items()} == questions.questions(problems, tests)
    assert [{each.problem_id for each in part} for part in wanted] == [set(each) for each in known]
    everything = questions.completions(generated, questions.questions(problems, tests))
    assert (
        sorted((each for part in wanted for each in part), key=lambda c: (c.problem_id, c.sample_index)) == everything
    )


def test_a_generation_of_another_benchmark_is_refused(tmp_path: Path) -> None:
    """A generation whose problem the benchmark does not have is named."""
    root = graded.workspace(tmp_path, {"p": [graded.RIGHT], "q": [graded.RIGHT]})
    graded.write(root / PROBLEMS, {files.PROBLEMS: ("problems", [graded.problem("p")])})
    with pytest.raises(BadInput, match="problem q is not in the benchmark; run generate again"):
        grade.run(grade_config(root), graded.context(root))


def test_stopped_between_programs_it_leaves_nothing_half_done(tmp_path: Path) -> None:
    """SIGTERM ends the stage as terminated, the shard stays absent, and the next run completes it."""
    root = graded.workspace(tmp_path, {"p": [graded.RIGHT]})
    stopped = graded.context(root)
    stopped.stop.set()
    with pytest.raises(Terminated):
        grade.run(grade_config(root), stopped)
    assert not (files.shard(root / f"{VERDICTS}-process", 0, 1) / files.MANIFEST).exists()
    assert grade.run(grade_config(root), replace(stopped, stop=graded.context(root).stop)).message.endswith("graded")


def test_a_sandbox_that_lies_voids_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a spoiled program passes in a later group, the verdicts of the groups before it are thrown away too."""
    root = graded.workspace(tmp_path, {"p": [graded.RIGHT] * (BATCH + 4)})
    config, journal = grade_config(root), files.shard(root / f"{VERDICTS}-process", 0, 1) / grade.JOURNAL
    kept: list[int] = []

    def forged(source: str, problem: ProblemTests, token: str) -> str:
        kept.append(len(journal.read_bytes().splitlines()))
        return spoil(source, problem, token) if len(kept) == 1 else source

    monkeypatch.setattr(shard, "spoil", forged)
    with pytest.raises(CanaryFailed, match="no verdict of this shard counts"):
        grade.run(config, graded.context(root))
    assert kept == [1, BATCH]
    assert not journal.exists()
    monkeypatch.undo()
    assert grade.run(config, graded.context(root)).message == f"shard 0: {2 * BATCH + 8} verdicts graded"
