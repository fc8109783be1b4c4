"""The study as one page that needs nothing else."""

from collections.abc import Sequence

from ssd_jobs.figures import pages
from ssd_jobs.figures.pages import Picture
from ssd_jobs.scoring.formatting import describe, percent, points
from ssd_jobs.stages.report.page import shade
from ssd_jobs.study.document import RecipeGain, Study
from ssd_jobs.study.wording import best_sentence

__all__ = ["recipe_sentence", "render"]


def render(study: Study, pictures: Sequence[Picture]) -> str:
    """Return the page."""
    return pages.render(
        "ssd_jobs.study",
        study=study,
        pictures=pictures,
        pct=percent,
        points=points,
        shade=shade,
        decode=describe,
        per_point=per_point,
        best_sentence=best_sentence,
        recipe_sentence=recipe_sentence,
    )


def per_point(hours: float | None) -> str:
    """Return what a point costs, a dash where none was gained."""
    return "–" if hours is None else f"{hours:.3g}"


def recipe_sentence(gain: RecipeGain) -> str:
    """Return what is uncertain about a recipe's gain, and how small a gain would be seen."""
    names = (name.replace("_", " ") for name in gain.shares)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, gain.shares.values(), strict=True))
    return (
        f"its variance: {shares}; true gains of trainings differ by {percent(gain.training_sd)} points (SD); "
        f"{gain.replicates} replicates show a gain of {percent(gain.detectable)} points in 80 % of studies"
    )
