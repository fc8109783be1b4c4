"""Laws of a study: runs of one recipe are replicates, one cell is best, and every number is in all files."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from ssd_jobs.commands import compare
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import recipe
from ssd_jobs.scoring.formatting import percent, points
from ssd_jobs.stages.report import reading
from ssd_jobs.stages.report.document import StageResult
from ssd_jobs.study import build, chance, page, pictures, wording
from ssd_jobs.study.document import Study
from workspaces import studied

PLAIN = {"temperature": 1.0, "topK": 0, "topP": 1.0}
HOT = {"temperature": 2.0, "topK": 10, "topP": 1.0}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A cell with one run that gains little, and one of three replicates that gains much, most of all at 1.0."""
    root, rng = tmp_path_factory.mktemp("study"), np.random.default_rng(0)
    base = studied.base(rng)
    little = dict.fromkeys(studied.TEMPERATURES, 0.02)
    much = {each: 0.12 - 0.3 * (each - 1.0) ** 2 for each in studied.TEMPERATURES}
    found = [studied.write(root / "plain", rng, base, little, sampling=PLAIN, experiment="plain")]
    for seed in range(3):
        name = f"hot-{seed}"
        found.append(studied.write(root / name, rng, base, much, sampling=HOT, seed=seed, experiment=name))
    return found


@pytest.fixture(scope="module")
def study(reports: list[Path]) -> Study:
    """What is said of them."""
    return build.build(reports)


def test_runs_that_differ_in_seeds_are_one_cell(study: Study) -> None:
    """The table has the base once and a row per recipe, called by the fields in which recipes differ."""
    assert [(row.label, row.runs) for row in study.rows] == [
        ("base", 1),
        ("sampling.temperature 1.0, sampling.topK 0", 1),
        ("sampling.temperature 2.0, sampling.topK 10", 3),
    ]


def test_a_run_alone_keeps_the_numbers_of_its_report(study: Study, reports: list[Path]) -> None:
    """Its gains and their intervals are those that its own report shows."""
    first = reading.document(reports[0] / files.REPORT_DOCUMENT).first()
    assert first is not None
    assert study.rows[1].gain == first[1].delta
    assert study.rows[0].pass_at == first[1].base


def test_replicates_give_the_recipe(study: Study, reports: list[Path]) -> None:
    """Its gain is that of the replicates' verdicts with those of the base, which they share."""
    counts = [reading.compared_counts(reading.document(each / files.REPORT_DOCUMENT)) for each in reports[1:]]
    expected = recipe.measure(
        counts[0].base, [each.candidate for each in counts], samples=10, k=1, confidence=study.confidence
    )
    [found] = study.recipes
    assert (found.recipe.value, found.recipe.low, found.recipe.high) == tuple(vars(expected.recipe).values())
    assert [each.value for each in found.models] == [each.value for each in expected.models]
    assert sum(found.shares.values()) == pytest.approx(1)
    assert study.rows[2].gain[1]["all"].value == expected.recipe.value


def test_the_best_cell_is_chosen_on_select_problems(study: Study) -> None:
    """Its values are means over its runs, the optimism compares its lead over all cells, and every figure says so."""
    assert study.best is not None
    assert (study.best.cell, study.best.cells) == (study.rows[2].label, 2)
    select, report = ([_chosen(study, row.label, part) for row in study.rows[1:]] for part in ("select", "report"))
    assert (study.best.select, study.best.report) == pytest.approx((select[1], report[1]))
    captions = {each.name: each.caption for each in pictures.pictures(study)}
    assert {"ablation", "decoding-1-all"} <= captions.keys()
    assert all(wording.best_sentence(study.best) in caption for caption in captions.values())
    assert study.best.optimism == pytest.approx(select[1] - np.mean(select) - report[1] + np.mean(report))


def _chosen(study: Study, cell: str, part: str) -> float:
    own = [each for each in study.points if (each.cell, each.arm, each.part) == (cell, "Candidate", part)]
    return float(np.mean([each.pass_at[1]["all"].value for each in own if each.compared]))


def test_every_evaluation_is_told_once(study: Study) -> None:
    """The base that all runs share at its settings, every candidate at its own, on either part."""
    select = [each for each in study.points if each.part == "select"]
    assert len([each for each in select if each.arm == "Base"]) == len(studied.TEMPERATURES)
    assert len([each for each in select if each.arm == "Candidate"]) == 4 * len(studied.TEMPERATURES)


def test_all_files_show_the_same_numbers(study: Study, reports: list[Path], tmp_path: Path) -> None:
    """Page, JSON, CSV and terminal; the page needs nothing, and what a run is called is escaped."""
    told = compare.main([*map(str, reports), f"--output={tmp_path}"])
    shown = (tmp_path / "study.html").read_text()
    gain = study.rows[2].gain[1]["all"]
    for text in (told, shown):
        assert points(gain.value) in text
        assert percent(study.rows[0].pass_at[1]["all"].value) in text
    assert json.loads((tmp_path / "study.json").read_text()) == json.loads(study.model_dump_json())
    with (tmp_path / "study.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(study.points) * 2 * 4
    assert "<script" not in shown
    assert not re.search(r"""(src|href)=["'](?!#)""", re.sub(r'xlink:href="#[^"]*"', "", shown))
    assert shown.count("<svg ") == len(list(tmp_path.glob("*.png")))


def test_a_grid_has_its_heat_maps_and_its_peak(tmp_path: Path) -> None:
    """Two training temperatures by four of decoding: one map, one parabola near the true peak of 1.2."""
    rng = np.random.default_rng(1)
    base, found = studied.base(rng), []
    for trained in (0.5, 1.0, 2.0):
        gains = {each: 0.12 - 0.12 * (trained * each - 1.2) ** 2 for each in studied.TEMPERATURES}
        sampling = {**PLAIN, "temperature": trained}
        found.append(studied.write(tmp_path / str(trained), rng, base, gains, sampling=sampling, experiment="x<y"))
    compare.main([*map(str, found), f"--output={tmp_path / 'out'}"])
    study = Study.model_validate_json((tmp_path / "out/study.json").read_text())
    [peak] = study.peaks
    assert peak.truncation == "trained uncut, decoded top-k 20/top-p 0.8"
    assert peak.peak == pytest.approx(1.2, abs=0.2)
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {
        "ablation.png", "peaks.png", "heat-0.png",
        "decoding-1-all.png", "decoding-5-all.png", "decoding-1-hard.png", "decoding-5-hard.png",
    }  # fmt: skip
    assert "x&lt;y" in (tmp_path / "out/study.html").read_text()


def test_a_stress_grid_says_what_chance_gives(tmp_path: Path) -> None:
    """Steps by temperatures, one map, and the count of candidates above the base beside that of equal models."""
    rng = np.random.default_rng(2)
    base = studied.base(rng)
    found = [
        studied.write(
            tmp_path / str(steps), rng, base, dict.fromkeys(studied.TEMPERATURES, 0.25), sampling=PLAIN, steps=steps
        )
        for steps in (10, 20, 40)
    ]
    compare.main([*map(str, found), f"--output={tmp_path / 'out'}"])
    study = Study.model_validate_json((tmp_path / "out/study.json").read_text())
    [above] = study.above
    assert (above.part, above.candidates, above.above) == ("select", 12, 12)
    assert 0 < above.expected < 12 / 2
    shown = (tmp_path / "out/study.html").read_text()
    assert (tmp_path / "out/stress-0.png").is_file()
    assert f"12 of 12 candidates of this truncation are above the base ({100 * above.base:.1f})" in shown


@pytest.mark.parametrize("bases", [1, 4])
def test_what_chance_gives_is_half_where_nothing_is_chosen(bases: int) -> None:
    """Equal models beat a base half of the time, its best setting less often, and all of them together or none."""
    rates = np.linspace(0.05, 0.95, 60)
    found = chance.expected_above(rates, problems=60, samples=10, candidates=40, bases=bases, seed=0)
    assert found.mean / 40 == pytest.approx({1: 0.48, 4: 0.19}[bases], abs=0.04)
    assert found.low < 0.1 * 40
    assert found.high > 0.5 * 40


def test_a_point_has_its_price(reports: list[Path], tmp_path: Path) -> None:
    """Sampling and training in GPU hours, divided by the gain; its ends are those of the gain's interval."""
    document = reading.document(reports[1] / files.REPORT_DOCUMENT)
    hours = {"sample": 2.0, "train": 4.0, "generate": 3.0, "report": 9.0}
    stages = tuple(
        StageResult(
            name=kind, kind=kind, digest="", path="", seconds=1.0, gpu_seconds=3600 * each, tokens=7, passes=None,
            counts={}, facts={}, image="",
        )
        for kind, each in hours.items()
    )  # fmt: skip
    (tmp_path / files.REPORT_DOCUMENT).write_text(document.model_copy(update={"stages": stages}).model_dump_json())
    (tmp_path / files.REPORT_SPEC).write_text((reports[1] / files.REPORT_SPEC).read_text())
    study = build.build([tmp_path])
    [cost] = study.costs
    assert (cost.unit, cost.sampling, cost.training, cost.evaluating, cost.tokens) == ("GPU hours", 2, 4, 3, 7)
    assert cost.per_point == pytest.approx(6 / (100 * cost.gain.value))
    assert cost.per_point_low == pytest.approx(6 / (100 * cost.gain.high))
    assert "What it cost" in page.render(study, [])


def test_other_benchmarks_have_their_table(reports: list[Path], tmp_path: Path) -> None:
    """What does not decide is shown at fixed settings, base and every cell, and the paper's rows below."""
    document = reading.document(reports[0] / files.REPORT_DOCUMENT)
    other = document.panels[0].model_copy(update={"benchmark": "mmlu", "decides": False})
    fixed = other.comparisons[0].model_copy(update={"baseline": "Fixed"})
    other = other.model_copy(update={"comparisons": (fixed,)})
    found = document.model_copy(update={"panels": (*document.panels, other)})
    (tmp_path / files.REPORT_DOCUMENT).write_text(found.model_dump_json())
    spec = json.loads((reports[0] / files.REPORT_SPEC).read_text())
    spec["model"] = {"source": {"huggingFace": {"repo": "Qwen/Qwen3-4B-Instruct-2507"}}}
    (tmp_path / files.REPORT_SPEC).write_text(json.dumps(spec))
    study = build.build([tmp_path])
    assert [row.values["HumanEval Shell"] for row in study.paper_outside] == [47.5, 31.7]
    assert "<td>31.7</td>" in page.render(study, [])
    base, cell = study.outside
    assert {*base.pass_at_1} == {*cell.gain} == {"mmlu"}
    assert not base.gain
    assert "Other benchmarks" in page.render(study, [])
    assert build.build(reports).outside == ()


def test_a_later_look_is_told(reports: list[Path], tmp_path: Path) -> None:
    """The intervals of a run that had to be surer stay its own, and the page says how sure."""
    text = (reports[0] / files.REPORT_DOCUMENT).read_text()
    assert '"confidence":0.95' in text
    (tmp_path / files.REPORT_DOCUMENT).write_text(text.replace('"confidence":0.95', '"confidence":0.9875'))
    (tmp_path / files.REPORT_SPEC).write_text((reports[0] / files.REPORT_SPEC).read_text())
    study = build.build([*reports[1:], tmp_path])
    assert (study.confidence, study.surest) == (0.95, 0.9875)
    assert "and at up to 98.75 % of runs that were a later look" in page.render(study, [])
    assert "later look" not in page.render(build.build(reports), [])


def test_replicates_without_a_shared_base_are_refused(reports: list[Path], tmp_path: Path) -> None:
    """The noise of the base is common to replicates; where it is not, they are not."""
    rng = np.random.default_rng(5)
    little = dict.fromkeys(studied.TEMPERATURES, 0.02)
    other = studied.write(tmp_path / "other", rng, studied.base(rng), little, sampling=PLAIN, seed=1)
    with pytest.raises(BadInput, match=r"is a replicate of .*plain, but its base has other verdicts"):
        build.build([reports[0], other])


def test_runs_of_two_benchmarks_are_no_study(reports: list[Path], tmp_path: Path) -> None:
    """The sentence names both runs and what differs."""
    text = (reports[0] / files.REPORT_DOCUMENT).read_text().replace("2025-02_2025-05", "2024")
    (tmp_path / files.REPORT_DOCUMENT).write_text(text)
    (tmp_path / files.REPORT_SPEC).write_text((reports[0] / files.REPORT_SPEC).read_text())
    with pytest.raises(BadInput, match=f"^{tmp_path}: was judged on another benchmark than .*plain; compare runs of"):
        build.build([reports[0], tmp_path])


def test_a_run_is_named_once(reports: list[Path]) -> None:
    """Twice the same run would be two replicates without any noise of training."""
    with pytest.raises(BadInput, match="plain: is named twice; name every report once"):
        build.build([reports[0], reports[0]])


def test_rounds_are_called_by_their_numbers(tmp_path: Path) -> None:
    """What a round starts from differs in each, and the number says it in a word."""
    rng = np.random.default_rng(1)
    base = studied.base(rng)
    written = []
    for number in (1, 2):
        source = {"export": {"path": f"checkpoints/{number}", "digest": f"{number}" * 64}}
        gains = dict.fromkeys(studied.TEMPERATURES, 0.02)
        directory = studied.write(
            tmp_path / str(number), rng, base, gains, sampling=PLAIN, experiment=f"n{number}", model={"source": source}
        )
        spec = json.loads((directory / files.REPORT_SPEC).read_text())
        (directory / files.REPORT_SPEC).write_text(json.dumps({**spec, "round": {"number": number}}))
        written.append(directory)
    assert [row.label for row in build.build(written).rows] == ["base", "round 1", "round 2"]


def test_labels_of_cells_that_differ_in_much_do_not_meet(study: Study) -> None:
    """The forest grows with the lines of its labels."""
    long = [row.model_copy(update={"label": ", ".join([row.label] * 6)}) for row in study.rows]
    heights = []
    for rows in (study.rows, tuple(long)):
        [forest] = [
            each for each in pictures.pictures(study.model_copy(update={"rows": rows})) if each.name == "ablation"
        ]
        heights.append(int.from_bytes(forest.png[20:24]))
    assert heights[1] > 2 * heights[0]


def test_a_setting_with_another_cut_is_called_by_it(study: Study) -> None:
    """In the figure of decode settings, also where only one of the two parts has it."""
    changed = tuple(
        each.model_copy(update={"decode": each.decode.model_copy(update={"top_k": 0, "top_p": 1.0})})
        if each.part == "report" and not each.compared
        else each
        for each in study.points
    )
    drawn = pictures.pictures(study.model_copy(update={"points": changed}))
    [figure] = [each for each in drawn if each.name == "decoding-1-all"]
    assert "base, uncut" in figure.svg
    assert "base, top-k 20/top-p 0.8" in figure.svg
