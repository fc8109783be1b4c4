"""What the docs promise of a report about data and training stands on its page, and is about what was trained on."""

from pathlib import Path

import pytest

from configs.report import benchmark, report_config
from ssd_jobs import artifacts, contract
from ssd_jobs.contract import files
from ssd_jobs.contract.printable import printable
from ssd_jobs.stages.report import decision, lineage, training_data
from ssd_jobs.stages.report import stage as report
from ssd_jobs.stages.report.document import Document, TrainingData
from ssd_jobs.stages.report.evidence import gather
from ssd_jobs.stages.report.training_facts import facts
from ssd_jobs.tracking import Standing
from workspaces import reported, trained

TRACKING = contract.Tracking(uri="http://x", experiment="x", run_key="x", run_name="x")
BENCHMARKS = (benchmark("lcb-v6", "Process"), benchmark("humaneval", "Process"))


def of(root: Path, candidate: str = "") -> TrainingData:
    """What a report on these artifacts says."""
    config = report_config(root, TRACKING, benchmarks=(), artifacts=trained.ARTIFACTS, candidate=candidate)
    return training_data.read(config, gather(config, root))


def said(root: Path) -> dict[str, str]:
    """The facts of the page by their names."""
    return {fact.name: fact.text for fact in facts(of(root))}


def test_overlaps_are_those_of_the_problems_trained_on(tmp_path: Path) -> None:
    """Nine of the pool overlap, five stay after the limit, and four of these have a record."""
    trained.write(tmp_path)
    (overlap,) = of(tmp_path).overlaps
    assert (overlap.benchmark, overlap.problems, overlap.records) == ("lcb-v6", 4, 4)
    words = "4 of the 39 problems trained on share a sequence of 13 words with it: 4 records"
    assert said(tmp_path)["Overlaps with lcb-v6"] == words


@pytest.mark.parametrize(
    ("policy", "name", "words"),
    [
        ("Drop", "Overlaps with lcb-v6", "9 problems share a sequence of 13 words with it and were left out"),
        ("Ignore", "Overlaps", "not looked for (prompts.decontaminate: Ignore)"),
    ],
)
def test_what_was_to_be_done_about_overlaps_is_said(tmp_path: Path, policy: str, name: str, words: str) -> None:
    """Dropped overlaps are counted as left out; where nobody looked, that is what the page says."""
    trained.write(tmp_path, decontaminate=policy)
    assert said(tmp_path)[name] == words


def test_choice_filter_and_epochs_are_said(tmp_path: Path) -> None:
    """A choice by correctness, what a filter left out and what it could not judge, and how often records were seen."""
    trained.write(tmp_path)
    found = said(tmp_path)
    assert found["Training problems"].startswith("40 of 90 rows of the source; 80 different statements; 60 with a")
    assert found["Choice by correctness"] == "only problems with is_passed were kept"
    assert found["Filter"] == (
        "Execution: 39 of 40 samples stay; left out: 1 syntax; 28 stay that had no input to run on"
    )
    assert found["Records"] == "39 records, trained on for 7.9 epochs; 97.5 % of the samples; 1 problem has none"


@pytest.mark.parametrize(("step", "said"), [(None, []), (250, ["as it was after step 250"])])
def test_a_step_before_the_last_is_not_a_run_of_so_many_steps(
    tmp_path: Path, step: int | None, said: list[str]
) -> None:
    """A candidate that was taken from the training on its way is told as that, and is marked as weak."""
    trained.write(tmp_path)
    found = [fact for fact in facts(of(tmp_path, files.export("checkpoints/train", step))) if fact.name == "Candidate"]
    assert [fact.text.split(":")[0] for fact in found] == said
    assert all(fact.weak and fact.text.endswith("that is not a run of 250 steps") for fact in found)


@pytest.mark.parametrize(("without", "shown"), [(12, 10), (8, 8), (7, 0)])
def test_garbled_samples_are_shown_where_they_are_many(tmp_path: Path, without: int, shown: int) -> None:
    """From a fifth of the training samples on, up to ten of those without a program are shown, and none with one."""
    trained.write(tmp_path, without_code=without)
    found = of(tmp_path)
    (texts,) = found.texts
    assert (texts.what, texts.samples) == ("training samples", 40)
    assert (texts.without_code, texts.truncated, texts.cut_while_thinking) == pytest.approx((without / 40, 0.1, 0.05))
    assert [each.text for each in found.garbled] == [
        printable(f"{trained.GARBLED} {number}") for number in range(shown)
    ]


def test_a_report_without_these_stages_says_nothing_of_them(tmp_path: Path) -> None:
    """What is missing is left out, and is no error."""
    found = of(tmp_path)
    assert list(facts(found)) == []
    assert (found.texts, found.garbled, found.final_loss) == ((), (), None)


def written(root: Path) -> tuple[contract.ReportConfig, Document, str]:
    """A whole report on a whole experiment, and its page."""
    reported.workspace(root, lcb=False)
    whole = report_config(root, TRACKING, benchmarks=BENCHMARKS)
    config = whole.model_copy(update={"artifacts": (*trained.write(root), *whole.artifacts)})
    evidence = gather(config, root)
    outcome = decision.decide(config, evidence, lambda _window: Standing(1, None))
    with artifacts.Output(path=root / "written", stage="report", name="report", key=config.key).claim() as draft:
        document = report.write(config, evidence, outcome, draft)
    return config, document, (root / "written" / files.REPORT_PAGE).read_text()


def test_the_page_says_it_and_escapes_it(tmp_path: Path) -> None:
    """Facts, shares and the last loss are on the page; garbled texts are text. Tags of the version name the commit."""
    config, document, page = written(tmp_path)
    for fact in facts(document.training):
        assert fact.text in page
    assert "<dt>Last loss</dt><dd>0.6117 after 40 steps, 123,456 tokens</dd>" in page
    assert "<td>training samples</td><td>40</td><td>30.0</td><td>10.0</td><td>5.0</td>" in page
    assert "&lt;b&gt;≈≈&lt;/b&gt;" in page
    assert "<b>≈≈" not in page
    tags = lineage.tags(config, document)
    assert (tags["ssd.base_commit"], tags["ssd.base_digest"]) == (trained.COMMIT, document.stages[0].digest)
