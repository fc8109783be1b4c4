"""Scores: pass@k with intervals from verdicts, and the gate that decides on promotion; pure and seeded.

`passk` is the unbiased estimator, `scores` is one evaluation as arrays, `bootstrap` resamples problems and then
samples, and `panel` compares the two arms on one benchmark, paired by problem.
"""

from ssd_jobs.scoring.bootstrap import Interval, Replicated
from ssd_jobs.scoring.panel import ALL, STRATA, Panel
from ssd_jobs.scoring.passk import pass_at_k, pass_table
from ssd_jobs.scoring.scores import Scores, score

__all__ = [
    "ALL",
    "STRATA",
    "Interval",
    "Panel",
    "Replicated",
    "Scores",
    "pass_at_k",
    "pass_table",
    "score",
]
