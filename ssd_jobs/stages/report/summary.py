"""The report in a few lines of Markdown, for a terminal, a pull request or a chat."""

from collections.abc import Iterator

from ssd_jobs.contract.printable import printable
from ssd_jobs.scoring.formatting import percent, points
from ssd_jobs.stages.report.document import BenchmarkSection, Document, Number, SelectSection
from ssd_jobs.stages.report.wording import arm_label, best_sentence, gain_label, round_sentences, same_setting_label

__all__ = ["render"]


def render(document: Document) -> str:
    """Return the summary."""
    return "\n".join(map(printable, _lines(document))) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"# {document.experiment}: {document.decision}"
    yield ""
    yield from (f"* {reason}" for reason in document.reasons)
    for panel in document.panels:
        yield ""
        yield from _table(panel)
    if document.round is not None:
        yield ""
        yield from (f"* {sentence}" for sentence in round_sentences(document.round))
    failed = [f"{name} failed: {message}" for name, message in document.failed.items()]
    beside = [line for line in failed if line not in document.reasons]
    if beside:
        yield ""
        yield from (f"* {line}" for line in beside)
    if document.notes:
        yield ""
        yield from (f"* {note}" for note in document.notes)
    if document.weights:
        yield ""
        yield f"Weights: {document.weights}"


def _table(panel: BenchmarkSection) -> Iterator[str]:
    """Return base, candidate and gains of one benchmark; a gain is bold where its interval excludes 0."""
    window = f", {panel.window}" if panel.window else ""
    yield f"**{panel.benchmark}**{window}, {panel.mode}, {panel.problems['all']} problems x {panel.samples} samples, %"
    yield ""
    columns = [(k, stratum) for k in panel.k for stratum in panel.problems]
    yield "| | " + " | ".join(f"pass@{k} {stratum}" for k, stratum in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for arm in panel.arms:
        if arm.fixed or arm.chosen:
            label = arm_label(arm)
            cells = [percent(arm.pass_at[k][stratum].value) for k, stratum in columns]
            yield f"| {label} | " + " | ".join(cells) + " |"
    for comparison in panel.comparisons:
        label = gain_label(panel, comparison)
        cells = [_gain(comparison.delta[k][stratum]) for k, stratum in columns]
        yield f"| {label} | " + " | ".join(cells) + " |"
    if panel.select:
        yield from _selected(panel.select, columns)


def _selected(select: SelectSection, columns: list[tuple[int, str]]) -> Iterator[str]:
    """Yield the gain at equal settings, and what every choice is worth."""
    if select.same_setting:
        found = [select.same_setting[k].get(stratum) for k, stratum in columns]
        cells = ["" if number is None else _gain(number) for number in found]
        yield f"| {same_setting_label(select)} | " + " | ".join(cells) + " |"
    yield ""
    yield from (f"* {best_sentence(best, select)}" for best in select.best)


def _gain(number: Number) -> str:
    value = points(number.value)
    shown = f"**{value}**" if number.significant else value
    return f"{shown} [{points(number.low)}, {points(number.high)}]"
