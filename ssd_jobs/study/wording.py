"""What is said of the best of several cells, in page, figures and terminal alike."""

from ssd_jobs.scoring.formatting import percent, points
from ssd_jobs.study.document import BestOfCells

__all__ = ["best_sentence"]


def best_sentence(best: BestOfCells) -> str:
    """Return which cell was chosen, of how many, on which problems, and what it is worth where nobody chose."""
    return (
        f"{best.cell} is the best of {best.cells} cells on {best.select_problems} select problems, "
        f"pass@{best.k} {percent(best.select)} there and {percent(best.report)} on report problems: optimism "
        f"{points(best.optimism)} points"
    )
