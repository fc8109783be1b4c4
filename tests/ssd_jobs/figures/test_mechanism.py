"""The figures of an analysis are those that there is data for, whatever a run lacks."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ssd_jobs.contract import Decode
from ssd_jobs.figures import curves, mechanism
from ssd_jobs.stages.analyze import factors, measurement, statistics, target
from ssd_jobs.stages.analyze.measurement import Arm, Positions
from ssd_jobs.stages.analyze.resampling import Resampling

TEMPERATURES = (0.6, 1.0)
POSITIONS, PROBLEMS = 60, 6


def analysed(path: Path, decode: Decode, *, passed: bool) -> Path:
    """Write the statistics of two models without any truncation, and without a program or a place where they part."""
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(-np.sort(rng.exponential(rng.choice([0.4, 12.0], (POSITIONS, 1)), (POSITIONS, 300))))
    problem = np.repeat(np.arange(PROBLEMS), POSITIONS // PROBLEMS)
    following = rng.geometric(0.8, POSITIONS) - 1
    positions = Positions(problem, np.full(POSITIONS, passed), following, ("text",) * POSITIONS)
    aim = target.of(logits, decode)

    def arm(factor: float) -> Arm:
        logprobs = (logits * factor).log_softmax(-1)
        return measurement.measure(
            logprobs,
            entropy=-(logprobs.exp() * logprobs).sum(-1).numpy(),
            followed=measurement.followed(logprobs, torch.from_numpy(following), aim, temperatures=TEMPERATURES),
            distance=target.distance(logprobs, aim),
            truncation=None,
            temperatures=TEMPERATURES,
        )

    base, candidate = arm(1.0), arm(1.3)
    found = statistics.summary(
        base,
        candidate,
        aim,
        positions,
        factors.of(base, candidate, aim, positions, TEMPERATURES),
        truncation=None,
        temperatures=TEMPERATURES,
        resampling=Resampling(problem, replicates=50, seed=0),
    )
    found |= {"greedy": {"contexts": 1, "contexts_that_part": 0, "points": []}, "program": None}
    path.write_text(json.dumps(found, allow_nan=False))
    return path


@pytest.mark.parametrize(
    ("decode", "passed", "drawn"),
    [
        (Decode(temperature=1.0, top_k=0, top_p=1.0), False, ["distributions", "rank-profile", "splits"]),
        (
            Decode(temperature=0.0, top_k=0, top_p=1.0),
            True,
            ["target", "distributions", "rank-profile", "factors", "ranks", "splits"],
        ),
    ],
    ids=["no-target-and-nothing-passed", "targets-of-one-token"],
)
def test_what_is_not_known_is_not_drawn(decode: Decode, passed: bool, drawn: list[str], tmp_path: Path) -> None:
    """Supports that are too wide, targets of a single token, and texts of which none passed end no report."""
    file = analysed(tmp_path / "statistics.json", decode, passed=passed)
    assert [each[0] for module in (curves, mechanism) for each in module.drawn(file)] == drawn
