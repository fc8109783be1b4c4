"""The best cell of a sweep: by the mean of its replicates on select problems, and by nothing else.

Cells are compared as `ssd sweep` compares them. What they score on report problems is told of the best one when every
cell has ended, and chooses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean

from ssd_operator.lifecycle.cells import ENDED, SweepInputs
from ssd_operator.spec.sweep_status import BestStatus, CellStatus

__all__ = ["best_cell"]

LONGEST_NAME = 128


def best_cell(rows: Sequence[CellStatus], inputs: SweepInputs, was: BestStatus | None = None) -> BestStatus | None:
    """Return the best of the cells that have a value; of equals the one whose name comes first."""
    told = [row for row in rows if row.select and row.name in inputs.wanted]
    if len({row.problems for row in told}) != 1:
        return None  # nothing yet, or cells that were chosen on different problems
    values: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for row in told:
        values[inputs.wanted[row.name].origin][row.name] = float(row.select)
    means = {origin: fmean(found.values()) for origin, found in values.items()}
    chosen = min(means, key=lambda origin: (-means[origin], origin))
    replicates = values[chosen]
    name = min(replicates, key=lambda each: -replicates[each])
    select = f"{means[chosen]:.3f}"
    best = BestStatus(
        cell=chosen[:LONGEST_NAME],
        name=name,
        select=select,
        of=len(values),
        message=f"{select}, best of {len(values)} on the {told[0].problems} select problems of {inputs.benchmark}",
    )
    reported = _reported(values, inputs) if all(row.phase in ENDED for row in rows) else None
    if reported is not None:
        return _with_report(best, means, reported, chosen)
    # A cell whose resource is gone, or that is judged, says nothing at the moment, and what it said stays.
    return was if was is not None and was.message.startswith(best.message) else best


def _reported(values: Mapping[str, Mapping[str, float]], inputs: SweepInputs) -> dict[str, float] | None:
    """Return what each cell scored on report problems, None where one does not say."""
    found = {}
    for origin, replicates in values.items():
        views = [inputs.cells.get(name) for name in replicates]
        told = [view.report.get(inputs.benchmark, "") for view in views if view is not None]
        if len(told) < len(replicates) or not all(told):
            return None
        found[origin] = fmean(map(float, told))
    return found


def _with_report(best: BestStatus, select: Mapping[str, float], report: Mapping[str, float], chosen: str) -> BestStatus:
    """Return the best cell with its value on report problems, and with what the choice flatters."""
    ahead = [each[chosen] - fmean(each.values()) for each in (select, report)]
    optimism = ahead[0] - ahead[1]
    value, flattered = f"{report[chosen]:.3f}", f"{optimism:.3f}"
    message = f"{best.message}; {value} on report problems, optimism {100 * optimism:+.1f} points"
    return best.model_copy(update={"report": value, "optimism": flattered, "message": message})
