"""The best cell of a sweep: by the mean of its replicates on select problems, and by nothing else.

Cells are compared as `ssd sweep` compares them. No verdict on report problems is anywhere near: a row holds none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from ssd_operator.lifecycle.cells import SweepInputs
from ssd_operator.spec.sweep_status import BestStatus, CellStatus

__all__ = ["best_cell"]

LONGEST_NAME = 128


def best_cell(rows: Sequence[CellStatus], inputs: SweepInputs) -> BestStatus | None:
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
    return BestStatus(
        cell=chosen[:LONGEST_NAME],
        name=name,
        select=select,
        of=len(values),
        message=f"{select}, best of {len(values)} on the {told[0].problems} select problems of {inputs.benchmark}",
    )
