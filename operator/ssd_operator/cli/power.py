"""`ssd power`: what a comparison would show, before anything is sampled; and what `ssd plan` says of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.cli import sweep_cost, worker
from ssd_operator.cli.output import TableOption, is_json
from ssd_operator.cli.place import DEFAULT_WORKDIR, NameOption, WorkdirOption, find
from ssd_operator.errors import InvalidInput
from ssd_operator.local import reports
from ssd_operator.local.state import RunState
from ssd_operator.plan import Graph
from ssd_operator.spec.evaluation import Benchmark
from ssd_operator.spec.promotion import Gate
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["register", "sentences"]

PROGRAM = "ssd_jobs.commands.power"
PAPER_GAIN = "3.3"
GAINS = f"2,{PAPER_GAIN},6"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("power")(power)


def power(
    place: Annotated[
        Path, typer.Argument(metavar="FILE|DIR|REPORT", help="An experiment, or the report.json of a finished run.")
    ],
    gain: Annotated[str, typer.Option(metavar="POINTS,…", help="True gains to ask for.")] = GAINS,
    problems: Annotated[str, typer.Option(metavar="N,…", help="Problems, those to select on included.")] = "",
    samples: Annotated[str, typer.Option(metavar="N,…", help="Samples per problem.")] = "",
    select_share: Annotated[str, typer.Option(metavar="SHARE,…", help="Share of the problems to select on.")] = "",
    replicates: Annotated[str, typer.Option(metavar="N,…", help="Trainings of the recipe.")] = "1",
    prior: Annotated[
        str, typer.Option(metavar="NAME=PROBLEMSxPASS1[/PASS5],…", help="The base by difficulty, in per cent.")
    ] = "",
    change_sd: Annotated[float, typer.Option(help="How unevenly problems change beside the gain, in points.")] = 10.0,
    training_sd: Annotated[float, typer.Option(help="How far trainings of a recipe differ, in points.")] = 1.0,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    name: NameOption = "",
    output: TableOption = "table",
) -> int:
    """Tell how often a true gain would be shown, and the gate would open, before anything is sampled."""
    is_json(output, otherwise="table")
    known = _at(place, workdir, name)
    wished = {"problems": problems, "samples": samples, "select-share": select_share}
    options = known.options | {option: value for option, value in wished.items() if value}
    options |= {"gain": gain, "replicates": replicates, "output": output}
    options |= {"change-sd": str(change_sd), "training-sd": str(training_sd)}
    return worker.call(PROGRAM, *_arguments(options | known.base(prior, place)), needs="numpy")


def sentences(spec: ResolvedSpec, graph: Graph, state: RunState, workspace: Path) -> list[str]:
    """Return what the comparison that decides would show, in a sentence; nothing where nothing is known of its base."""
    known = _of_experiment(spec, graph, state, workspace)
    if not (known.report or (known.as_in_the_paper and "problems" in known.options)):
        return []
    options = known.options | known.base("", workspace)
    told = worker.ask(PROGRAM, *_arguments(options | {"gain": PAPER_GAIN, "output": "sentence"}), needs="numpy")
    return [told] if told else []


@dataclass(frozen=True)
class KnownBefore:
    """What is known of a comparison before it is made."""

    options: dict[str, str]
    """Of the program that computes."""
    report: Path | None
    """A finished run of it, which has the base's verdicts."""
    as_in_the_paper: bool
    """Whether its problems are those that the paper's bases were measured on."""

    def base(self, prior: str, place: Path) -> dict[str, str]:
        """Return the options that say what the base does."""
        if prior:
            return {"prior": prior}
        if self.report:
            return {"report": str(self.report)}
        if self.as_in_the_paper:
            return {}
        raise InvalidInput(f"{place}: nothing is known of its base yet; give --prior, or name the report of a run")


def _at(place: Path, directory: Path, name: str) -> KnownBefore:
    """Return what is known of what a person names: a report, or an experiment."""
    report = place / files.REPORT_DOCUMENT if place.is_dir() else place
    if report.name == files.REPORT_DOCUMENT and report.is_file():
        return KnownBefore({}, report, as_in_the_paper=False)
    found = find(place, directory, name)
    experiment = found.experiment()
    state = experiment.state()
    return _of_experiment(found.spec, experiment.graph(state), state, experiment.workdir.root)


def _of_experiment(spec: ResolvedSpec, graph: Graph, state: RunState, workspace: Path) -> KnownBefore:
    """Return what is known of the comparison that decides."""
    gate = spec.promotion.gate if spec.promotion else None
    benchmarks = {each.name: each for each in spec.evaluation.benchmarks}
    benchmark = benchmarks[gate.benchmark] if gate else spec.evaluation.benchmarks[0]
    options = {"name": benchmark.name, "samples": str(benchmark.samples_per_problem)} | (_rules(gate) if gate else {})
    report = reports.finished(state, graph, workspace)
    if report:
        return KnownBefore(options, report / files.REPORT_DOCUMENT, as_in_the_paper=False)
    if benchmark.sweep and not benchmark.select_from:
        options["select-share"] = str(benchmark.select_share)
    problems = _problems(benchmark, graph, workspace)
    if problems:
        options["problems"] = str(problems)
    return KnownBefore(options, None, as_in_the_paper=benchmark.source.livecodebench is not None)


def _rules(gate: Gate) -> dict[str, str]:
    """Return what the gate asks for."""
    return {
        "confidence": str(gate.confidence),
        "min-gain": str(gate.min_gain),
        "max-difficulty-drop": str(gate.max_difficulty_drop),
    }


def _problems(benchmark: Benchmark, graph: Graph, workspace: Path) -> int | None:
    """Return how many problems a benchmark has, both parts together: as prepare counted, or as the spec expects."""
    [prepare] = graph.of(contract.PrepareConfig)
    assert isinstance(prepare.config, contract.PrepareConfig)
    parts = [each for each in prepare.config.benchmarks if each.benchmark == benchmark.name]
    counts = [sweep_cost.prepared_problems(workspace / each.output) for each in parts]
    return sum(filter(None, counts)) if all(counts) else benchmark.expect_problems or None


def _arguments(options: Mapping[str, str]) -> Iterator[str]:
    """Yield the program's arguments."""
    return (f"--{option}={value}" for option, value in options.items())
