"""Laws of the report stage: what it writes, also when stages or MLflow failed, and what it says at the end."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from configs.report import report_config
from processes import ports
from ssd_jobs import artifacts, contract, tracking
from ssd_jobs.artifacts import Manifest
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, Temporary
from ssd_jobs.stages.report import decision, result
from ssd_jobs.stages.report import stage as report
from ssd_jobs.stages.report.document import Decisive, Document
from ssd_jobs.stages.report.evidence import gather
from ssd_jobs.stages.report.wording import best_sentence, same_setting_label
from ssd_jobs.tracking import runs
from tracking import mlflow_server
from workspaces import reported


@pytest.fixture(scope="module")
def done(
    mlflow_server: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, contract.ReportConfig, contract.ReportResult]:
    """A promoted candidate, reported."""
    root = reported.workspace(tmp_path_factory.mktemp("workspace"))
    config = report_config(root, tracking_of(mlflow_server))
    return root, config, report.run(config, reported.context(root))


def tracking_of(uri: str) -> contract.Tracking:
    """An experiment of its own."""
    return mlflow_server.tracking(uri)


Done = tuple[Path, contract.ReportConfig, contract.ReportResult]


def test_the_result_says_what_a_person_looks_for(done: Done) -> None:
    """Decision, version, where it is in MLflow, and pass@1 per benchmark and mode, deciding modes first."""
    _, config, found = done
    assert (found.decision, found.model_version, found.previous_champion) == ("Promoted", "1", "")
    page = f"{config.execution.tracking.uri}/#/experiments/{found.experiment_id}/runs/{found.run_id}"
    assert found.url == f"{page}?workflowType=machine_learning"
    assert [(each.benchmark, each.grading) for each in found.results] == [
        ("lcb-v6", "Process"),
        ("humaneval", "Process"),
        ("lcb-v6", "LCB"),
    ]
    assert all(each.base and each.candidate and each.delta for each in found.results)
    assert re.fullmatch(r"0\.\d{3} to 0\.\d{3}", found.results[0].delta.ci)  # type: ignore[union-attr]


def test_a_complete_report_is_found_and_said_again(done: Done) -> None:
    """The second run does no work and prints the same result, with MLflow away."""
    root, config, found = done

    def away(_uri: str) -> Any:
        raise AssertionError("MLflow was asked")

    assert report.run(config, reported.context(root), connect=away) == found


def test_the_page_needs_nothing_and_runs_nothing(done: Done) -> None:
    """One file, no script, no address to load from, and the texts of models are escaped."""
    page = (done[0] / f"reports/one/{files.REPORT_PAGE}").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r"""(src|href)=["'](?!#)""", re.sub(r'xlink:href="#[^"]*"', "", page))
    assert page.count("<svg ") == 10
    ids = re.findall(r' id="([^"]+)"', page)
    clips = [each for each in ids if re.fullmatch(r"p[0-9a-f]{10}", each)]
    assert len(clips) == len(set(clips)), "figures share the names of their clip paths"


def test_the_curves_of_an_analysis_are_on_the_page(done: Done, tmp_path: Path) -> None:
    """What the analyze stage measured is drawn, on the page and for MLflow, and adds no note of anything missing."""
    root, config, _ = done
    config = config.model_copy(update={"artifacts": (reported.analysed(root),)})
    with artifacts.Output(path=tmp_path / "two", stage="report", name="report", key=config.key).claim() as draft:
        evidence = gather(config, root)
        outcome = decision.decide(config, evidence, lambda _window: tracking.Standing(1, None))
        document = report.write(config, evidence, outcome, draft)
    page = (tmp_path / f"two/{files.REPORT_PAGE}").read_text()
    assert document.notes == ()
    assert "Locks and forks" in page
    assert "Means over 600 positions in what both models wrote for 30 problems of the benchmark" in page
    assert "How close training came to its target" in page
    assert page.count("<svg ") == 18
    drawn = {path.stem for path in (tmp_path / "two/plots").iterdir()}
    assert {"distributions", "locks-and-forks", "target"} <= drawn
    assert {"rank-profile", "factors", "ranks", "splits", "program", "greedy"} <= drawn


def test_numbers_are_the_same_everywhere(done: Done) -> None:
    """report.json, summary.md, the page and MLflow show one gain."""
    root, config, found = done
    document = Document.model_validate_json((root / f"reports/one/{files.REPORT_DOCUMENT}").read_text())
    gain = document.panels[0].comparisons[-1].delta[1]["all"]
    [fixed] = (arm for arm in document.panels[0].arms if arm.arm == "Candidate" and arm.fixed)
    shown = f"+{gain.value * 100:.1f}"
    assert shown in (root / f"reports/one/{files.REPORT_SUMMARY}").read_text()
    assert shown in (root / f"reports/one/{files.REPORT_PAGE}").read_text()
    run = tracking.connect(config.execution.tracking.uri).get_run(found.run_id)
    prefix = "lcb_v6_2025-02_2025-05/process/pass_at_1/all"
    assert run.data.metrics[f"gain_over_best_decode/{prefix}"] == pytest.approx(gain.value)
    assert run.data.metrics[f"eval/{prefix}"] == pytest.approx(fixed.pass_at[1]["all"].value)
    assert run.data.params == {
        "model.source.huggingFace.repo": "Qwen/Qwen3-4B-Instruct-2507",
        "model.source.huggingFace.revision": "main",
        "sampling.temperature": "1.6",
        "sampling.topK": "20",
        "sampling.topP": "0.8",
        "sampling.engineArgs": "{}",
    }
    assert run.data.tags["ssd.decision"] == "Promoted"
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith(
        f"[The whole report](#/experiments/{found.experiment_id}/runs/{found.run_id}/artifacts/report.html?"
    )
    assert (root / f"reports/one/{files.REPORT_SUMMARY}").read_text().strip()[:1000] in note


def test_the_report_says_what_a_choice_is_worth(done: Done) -> None:
    """Best of how many, on which problems, its value there and on report problems, and the optimism: everywhere."""
    root, config, found = done
    document = Document.model_validate_json((root / f"reports/one/{files.REPORT_DOCUMENT}").read_text())
    select = document.panels[0].select
    assert select is not None
    assert {(each.arm, each.setting, each.settings) for each in select.best} == {
        ("Base", "t1-1", 3),
        ("Candidate", "t0-7", 3),
    }
    run = tracking.connect(config.execution.tracking.uri).get_run(found.run_id)
    page, summary = ((root / "reports/one" / name).read_text() for name in (files.REPORT_PAGE, files.REPORT_SUMMARY))
    for each in select.best:
        assert each.report is not None
        assert each.optimism == pytest.approx(0.5 - each.report.value)
        sentence = best_sentence(each, select)
        assert "is the best of 3 on 60 select problems of lcb-v6, pass@1 50.0 there" in sentence
        assert sentence in page
        assert sentence in summary
        place = f"best/lcb_v6_2025-02_2025-05/process/{each.arm.lower()}"
        assert run.data.metrics[f"{place}/optimism"] == pytest.approx(each.optimism)
    assert same_setting_label(select) == "gain at equal settings, mean of 3, on 60 select problems"
    assert same_setting_label(select) in page
    varieties = [panel.comparisons[-1].variety for panel in document.panels if panel.comparisons]
    assert page.count("problems that both arms solved at least twice") == sum(each is not None for each in varieties)


def test_the_first_tiles_are_those_the_decision_rests_on(done: Done) -> None:
    """The gate's benchmark, compared as the gate compares."""
    root, _, _ = done
    document = Document.model_validate_json((root / f"reports/one/{files.REPORT_DOCUMENT}").read_text())
    first = document.first()
    assert first is not None
    assert (first[0].benchmark, first[1].baseline) == ("lcb-v6", "BestDecode")
    turned = document.model_copy(update={"decisive": Decisive(benchmark="humaneval", baseline="Fixed")}).first()
    assert turned is not None
    assert (turned[0].benchmark, turned[1].baseline) == ("humaneval", "Fixed")


def test_mlflow_holds_the_evidence(done: Done) -> None:
    """Page, plots, manifests, generations and the spec are artifacts; the version's tags tell its lineage."""
    _, config, found = done
    client = tracking.connect(config.execution.tracking.uri)
    names = {each.path for each in client.list_artifacts(found.run_id)}
    assert names == {
        files.REPORT_GENERATIONS,
        files.REPORT_MANIFESTS,
        files.REPORT_PLOTS,
        files.REPORT_SCORECARDS,
        files.REPORT_PAGE,
        files.REPORT_DOCUMENT,
        files.REPORT_SPEC,
        files.REPORT_SUMMARY,
    }
    promotion = config.science.promotion
    assert promotion is not None
    version = client.get_model_version_by_alias(promotion.registered_model, "champion")
    assert {
        "ssd.base_model",
        "ssd.digest",
        "ssd.sampler_sha256",
        "ssd.train_digest",
        "ssd.window.lcb-v6/process",
        "ssd.pass_at_1.lcb-v6/process",
        "ssd.gain_BestDecode.pass_at_5.lcb-v6/process",
        "ssd.decision",
        "ssd.image",
        "ssd.grader_image",
        "ssd.verdicts.lcb-v6/candidate/t1-1/process",
        tracking.SCORECARD,
    } <= version.tags.keys()


def test_mlflow_away_is_temporary_and_the_files_stay(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    """When MLflow does not answer the stage ends as temporary, readable files in place, and completes later."""
    root, config, _ = done
    for name, value in mlflow_server.QUIET.items():
        monkeypatch.setenv(name, value)
    gone = config.execution.tracking.model_copy(update={"uri": f"http://127.0.0.1:{ports.free_port()}"})
    away = config.model_copy(
        update={
            "output": "reports/away",
            "execution": config.execution.model_copy(update={"tracking": gone}),
        }
    )
    with pytest.raises(Temporary, match="does not answer"):
        report.run(away, reported.context(root))
    assert (root / f"reports/away/{files.REPORT_PAGE}").is_file()
    assert not (root / f"reports/away/{files.MANIFEST}").exists()
    back = config.model_copy(update={"output": "reports/away"})
    assert report.run(back, reported.context(root)).decision == "Promoted"


def test_failed_stages_are_reported_too(mlflow_server: str, tmp_path: Path) -> None:
    """Without a candidate there is still a report: what failed, what there is, a failed run, and no version."""
    root = reported.workspace(tmp_path, lcb=False)
    wanted = tracking_of(mlflow_server)
    whole = report_config(root, wanted)
    base_only = tuple(
        each.model_copy(
            update={
                "grading": ("Process",),
                "evaluations": tuple(e for e in each.evaluations if e.arm == "Base" and e.mode == "Process"),
            }
        )
        for each in whole.benchmarks
    )
    failed = contract.FailedStage(name="train", message="out of memory on rank 3", optional=False)
    config = whole.model_copy(
        update={
            "benchmarks": base_only,
            "candidate": "",
            "artifacts": whole.artifacts[1:2],
            "execution": whole.execution.model_copy(update={"failed": (failed,)}),
        }
    )
    found = report.run(config, reported.context(root))
    assert (found.decision, found.model_version) == ("Skipped", "")
    assert found.reasons == ("train failed: out of memory on rank 3",)
    assert found.results[0].base is not None
    assert found.results[0].candidate is None
    client = tracking.connect(mlflow_server)
    states = {run.data.tags[runs.RUN_KEY]: run.info.status for run in client.search_runs([found.experiment_id])}
    assert states == {
        wanted.run_key: "FAILED",
        f"{wanted.run_key}/train": "FAILED",
        f"{wanted.run_key}/generate-base-lcb-v6": "FINISHED",
        f"{wanted.run_key}/grade-base-lcb-v6": "FINISHED",
    }
    assert "out of memory on rank 3" in (root / f"reports/one/{files.REPORT_PAGE}").read_text()


def test_an_optional_stage_that_failed_changes_no_decision(mlflow_server: str, tmp_path: Path) -> None:
    """The gate judges, MLflow's run is finished, and the page says what is missing and that nothing depends on it."""
    root = reported.workspace(tmp_path, lcb=False)
    wanted = tracking_of(mlflow_server)
    whole = report_config(root, wanted)
    failed = contract.FailedStage(name="analyze", message="out of memory", optional=True)
    config = whole.model_copy(update={"execution": whole.execution.model_copy(update={"failed": (failed,)})})
    found = report.run(config, reported.context(root))
    assert found.decision == "Promoted"
    client = tracking.connect(mlflow_server)
    states = {run.data.tags[runs.RUN_KEY]: run.info.status for run in client.search_runs([found.experiment_id])}
    assert states[wanted.run_key] == "FINISHED"
    assert states[f"{wanted.run_key}/analyze"] == "FAILED"
    page = (root / f"reports/one/{files.REPORT_PAGE}").read_text()
    assert "out of memory (optional: neither the decision nor the run" in page


def test_nothing_at_all_is_reported_too(mlflow_server: str, tmp_path: Path) -> None:
    """A run whose first stage failed has a report without a single number."""
    config = report_config(tmp_path, tracking_of(mlflow_server), benchmarks=(), artifacts=(), candidate="")
    assert report.run(config, reported.context(tmp_path)).decision == "Skipped"
    assert (tmp_path / f"reports/one/{files.REPORT_PAGE}").is_file()


def test_more_samples_asked_for_than_there_are(done: Done) -> None:
    """k > n is one sentence that names the field to change."""
    root, config, _ = done
    greedy = tuple(each.model_copy(update={"k": (1, 20)}) for each in config.benchmarks)
    asking = config.model_copy(update={"benchmarks": greedy, "output": "reports/greedy"})
    with pytest.raises(
        BadInput, match="pass@20 needs at least 20 samples per problem, and there are 10: raise samples"
    ):
        report.run(asking, reported.context(root))


def test_the_largest_result_fits_into_a_termination_message() -> None:
    """Eight benchmarks with the longest names, long reasons full of quotes and umlauts: at most 4,096 bytes."""
    estimate = {"value": "-0.123", "ci": "-0.123 to -0.123"}
    results = [
        {"benchmark": "b" * 63, "grading": "Process", "base": estimate, "candidate": estimate, "delta": estimate}
    ] * 8
    facts = {
        "decision": "Promoted",
        "reasons": ['"ü' * 500] * 12,
        "model_version": "1" * 16,
        "previous_champion": "1" * 16,
        "experiment_id": "1" * 64,
        "run_id": "1" * 64,
        "url": "u" * 256,
        "results": results,
    }
    manifest = Manifest(
        format=1, stage="report", name="report", key="k", shard=None, digest="0" * 64, files={}, inputs={}, science={},
        counts={}, facts=json.loads(json.dumps(facts)), environment={}, started="", finished="",
    )  # fmt: skip
    found = result.of_manifest(manifest)
    assert len(contract.dump_result(found).encode()) <= 4096
    assert len(found.results) == len(found.reasons) == 8
