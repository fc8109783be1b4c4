"""Finished reports of a study with known true pass rates: a sweep, two arms, and as many runs as one likes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from configs import report as reports
from populations import arms
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.scoring import Panel, Scores
from ssd_jobs.stages.report import build
from ssd_jobs.stages.report.decision import ReportDecision
from ssd_jobs.stages.report.evidence import Evidence
from ssd_jobs.stages.select.stage import choose

NAME = "lcb-v6"
TEMPERATURES = (0.6, 0.8, 1.0, 1.2)
REPLICATES = 100
Gains = Mapping[float, float]
"""Decode temperature -> what the candidate truly gains there."""


@dataclass(frozen=True)
class Base:
    """One evaluation of the base at every setting, on either part, and the true pass rates behind it."""

    rates: dict[str, arms.Floats]
    scores: dict[str, dict[str, Scores]]
    """part -> setting -> what it did."""


def name_of(temperature: float) -> str:
    """A decode setting's name."""
    return f"t{temperature:g}".replace(".", "-")


def base(rng: np.random.Generator, *, temperatures: Sequence[float] = TEMPERATURES) -> Base:
    """Evaluate a base that is equally good at every setting."""
    rates = {part: arms.rates(rng) for part in ("select", "report")}
    names = [name_of(each) for each in temperatures]
    return Base(rates, {part: {name: arms.scores(rates[part], rng) for name in names} for part in rates})


def write(
    directory: Path,
    rng: np.random.Generator,
    of: Base,
    gains: Gains,
    *,
    sampling: Mapping[str, object],
    seed: int = 0,
    steps: int = 40,
    experiment: str = "run",
    model: Mapping[str, object] | None = None,
) -> Path:
    """Write the report of one run, whose candidate gains so much at each setting."""
    decodes = {name_of(each): contract.Decode(temperature=each, top_k=20, top_p=0.8) for each in gains}
    candidate = {
        part: {name_of(each): arms.scores(arms.gain(of.rates[part], gain), rng) for each, gain in gains.items()}
        for part in of.rates
    }
    every: dict[contract.Arm, dict[str, dict[str, Scores]]] = {"Base": of.scores, "Candidate": candidate}
    choices = {arm: _choice(arm, scores["select"], decodes) for arm, scores in every.items()}
    evidence = Evidence(selections={(NAME, arm): choice for arm, choice in choices.items()})
    first = next(iter(decodes))
    chosen: dict[contract.Arm, str] = {arm: choice.chosen for arm, choice in choices.items()}
    fixed: dict[contract.Arm, str] = {"Base": first, "Candidate": first}
    for part, wanted in (("select", None), ("report", {arm: {first, chosen[arm]} for arm in every})):
        panel = Panel(
            name=f"{NAME}/{part}",
            evaluations={
                (arm, setting): scores
                for arm, parts in every.items()
                for setting, scores in parts[part].items()
                if wanted is None or setting in wanted[arm]
            },
            fixed=fixed if wanted else {},
            chosen=chosen,
            replicates=REPLICATES,
            seed=0,
        )
        if wanted:
            evidence.panels[NAME, "Process"] = panel
        else:
            evidence.select_panels[NAME] = panel
    tracking = contract.Tracking(uri="", experiment=experiment, run_key="unused", run_name=experiment)
    config = reports.report_config(directory, tracking, benchmarks=[_benchmark(decodes, first)], artifacts=[])
    config = config.model_copy(update={"experiment": experiment})
    outcome = ReportDecision("Skipped", ("a study decides nothing",))
    document = build.build(config, evidence, outcome, weights="")
    directory.mkdir(parents=True)
    (directory / files.REPORT_DOCUMENT).write_text(document.model_dump_json())
    spec = {
        "model": model or {},
        "sampling": {**sampling, "seed": seed, "pod": {}},
        "training": {"steps": steps, "seed": seed},
        "pod": {},
    }
    (directory / files.REPORT_SPEC).write_text(json.dumps(spec))
    return directory


def _choice(arm: contract.Arm, scores: Mapping[str, Scores], decodes: Mapping[str, contract.Decode]) -> contract.Choice:
    tried = tuple(
        contract.Tried(name=name, decode=decodes[name], value=float(each.right.mean() / each.samples))
        for name, each in scores.items()
    )
    problems = len(arms.difficulties())
    return contract.Choice(arm=arm, chosen=choose(tried).name, benchmark=NAME, problems=problems, k=1, tried=tried)


def _benchmark(decodes: Mapping[str, contract.Decode], fixed: str) -> contract.BenchmarkReport:
    evaluations = tuple(
        contract.Evaluation(
            stage="grade",
            generated_by="generate",
            arm=arm,
            setting=name,
            decode=decode,
            fixed=name == fixed,
            mode="Process",
            verdicts="verdicts/x",
            generations="generations/x",
        )
        for arm in ("Base", "Candidate")
        for name, decode in decodes.items()
    )
    plain = reports.benchmark(NAME, "Process", swept=True)
    assert plain.select is not None
    select = plain.select.model_copy(update={"evaluations": evaluations})
    return plain.model_copy(update={"evaluations": evaluations, "select": select})
