"""The curves are those of the decoder that the theory describes, on the same held-out contexts for both models."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from configs.analyze import analyze_config
from ssd_jobs import artifacts
from ssd_jobs.context import Context
from ssd_jobs.contract import Truncation, files
from ssd_jobs.errors import BadInput
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.analyze import contexts, distributions, measurement, splits, statistics
from ssd_jobs.stages.analyze import stage as analyze
from ssd_jobs.stages.analyze.measurement import Arm, Followed
from ssd_jobs.stages.analyze.resampling import Resampling
from ssd_jobs.stages.analyze.target import Aim, Distance
from ssd_jobs.theory import rigidity
from ssd_jobs.theory.distributions import entropy
from workspaces import analyzed
from workspaces.analyzed import ARMS, answer


def measure(p: np.ndarray, truncation: Truncation | None, temperature: float) -> Arm:
    """Measure one position."""
    with np.errstate(divide="ignore"):
        logprobs = torch.from_numpy(np.log(p)[None])
    one = np.array([1.0])
    return measurement.measure(
        logprobs,
        entropy=np.array([entropy(p)]),
        followed=Followed(one, one, one[None], one[None]),
        distance=Distance(one, one, one),
        truncation=truncation,
        temperatures=[temperature],
    )


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=12),
    st.integers(0, 13),
    st.data(),
    st.sampled_from([1.0, 2.0]),
)
def test_what_survives_is_exact_at_every_edge(numbers: list[int], k: int, data: Any, temperature: float) -> None:
    """A token survives when those before it hold less than top-p, decided in whole numbers, edges included."""
    ordered = sorted(numbers, reverse=True)
    kept = ordered[: k or None]
    mass = data.draw(st.integers(1, sum(kept)))
    raised = np.array([number ** int(temperature) for number in ordered], dtype=np.float64)
    truncation = Truncation(top_k=k, top_p=mass / sum(kept))
    found = measure(raised / raised.sum(), truncation, temperature).survivors[0, 0]
    assert found == sum(sum(kept[:place]) < mass for place in range(len(kept)))


@given(st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=40), st.sampled_from([0.4, 1.0, 2.0]), st.integers(0, 50))
def test_without_top_p_everything_that_top_k_keeps_survives(weights: list[float], temperature: float, k: int) -> None:
    """At top-p 1 no token is lost to rounding."""
    p = np.sort(np.array(weights))[::-1] / sum(weights)
    found = measure(p, Truncation(top_k=k, top_p=1.0), temperature).survivors[0, 0]
    assert found == min(k or len(p), len(p))


@given(
    st.lists(st.floats(0.01, 1.0), min_size=3, max_size=12, unique=True),
    st.sampled_from([0.4, 1.0, 2.0]),
    st.integers(0, 6),
    st.floats(0.05, 1.0),
)
def test_what_remains_has_the_entropy_of_the_theorys_decoder(
    weights: list[float], temperature: float, k: int, mass: float
) -> None:
    """Entropy after truncation is that of temperature, then top-k, then top-p, applied one by one."""
    p = np.sort(np.array(weights))[::-1] / sum(weights)
    operations: list[rigidity.Operation] = [
        rigidity.Temperature(temperature),
        *([rigidity.TopK(k)] if k else []),
        rigidity.TopP(mass),
    ]
    expected = rigidity.decode(p, operations)
    arm = measure(p, Truncation(top_k=k, top_p=mass), temperature)
    if arm.survivors[0, 0] == np.count_nonzero(expected):
        assert arm.truncated_entropy[0, 0] == pytest.approx(entropy(expected), abs=1e-9)
    else:
        assert _on_the_edge(p, temperature, k, mass)
    assert arm.cumulative[0, -1] == pytest.approx(1.0)


def _on_the_edge(p: np.ndarray, temperature: float, k: int, mass: float) -> bool:
    """Whether rounding decides if one more token is kept."""
    tempered = p[: k or None] ** (1 / temperature)
    return bool(np.isclose(np.cumsum(tempered / tempered.sum()), mass, atol=1e-8).any())


@given(st.integers(1, 3000), st.integers(1, 200), st.text(max_size=3))
def test_positions_are_spread_over_a_whole_text(length: int, most: int, seed: str) -> None:
    """Every stretch of a long text has one position, a short text has all, and the seed decides alone."""
    found = contexts.spread(length, most, seed=seed)
    assert found.tolist() == sorted(set(found.tolist()))
    assert len(found) == min(length, most)
    assert found[0] >= 0
    assert found[-1] < length
    assert [int(place) * min(length, most) // length for place in found] == pytest.approx(range(len(found)), abs=1)
    assert found.tolist() == contexts.spread(length, most, seed=seed).tolist()


def test_each_problem_has_a_context_of_each_arm(tmp_path: Path) -> None:
    """The first usable answer of both, problems in an order of the seed's; a problem that one arm lacks is left out."""
    found = [
        analyzed.write(
            tmp_path,
            "Base",
            [
                answer("a", 1, [5, 6, 7], passed=True),
                answer("a", 0, [], error="prompt_too_long"),
                answer("b", 2, [9]),
                answer("b", 1, [8], passed=True),
                answer("c", 0, [4]),
            ],
        ),
        analyzed.write(tmp_path, "Candidate", [answer("b", 0, [3, 3]), answer("a", 0, [2]), answer("a", 1, [1])]),
    ]
    chosen = contexts.choose(found, problems=9, positions=2, seed=0)
    assert sorted((each.problem_id, each.arm, each.completion.tolist(), each.passed) for each in chosen) == [
        ("a", "Base", [5, 6, 7], True),
        ("a", "Candidate", [2], False),
        ("b", "Base", [8], True),
        ("b", "Candidate", [3, 3], False),
    ]
    assert [each.problem_id for each in chosen[::2]] == [each.problem_id for each in chosen[1::2]]
    assert all(each.prompt.tolist() == analyzed.PROMPT for each in chosen)
    first = contexts.choose(found, problems=1, positions=2, seed=0)
    assert [(each.problem_id, each.arm) for each in first] == [(each.problem_id, each.arm) for each in chosen[:2]]


def test_without_an_answer_of_both_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    """The message says so."""
    found = [analyzed.write(tmp_path, arm, [answer(arm, 0, [5])]) for arm in ARMS]
    with pytest.raises(BadInput, match="no problem has an answer of both arms"):
        contexts.choose(found, problems=1, positions=2, seed=0)


def _workspace(root: Path) -> dict[str, list[list[int]]]:
    """Write models and answers; return the answers by problem, the base's first."""
    random = np.random.default_rng(0)
    analyzed.models(root)
    written = {arm: [random.integers(3, 90, 5 + 9 * i).tolist() for i in range(4)] for arm in ARMS}
    for arm in ARMS:
        analyzed.write(root, arm, [answer(f"p{i}", 0, each, passed=i == 2) for i, each in enumerate(written[arm])])
    return {f"p{i}": [written[arm][i] for arm in ARMS] for i in range(4)}


def test_both_models_are_measured_on_the_same_positions(tmp_path: Path) -> None:
    """The numbers are transformers' own, position by position, and a second run finds the first one's."""
    written = _workspace(tmp_path)
    config = analyze_config(tmp_path)
    first = analyze.run(config, Context(tmp_path, 0, Progress()))
    assert analyze.run(config, Context(tmp_path, 0, Progress())).digest == first.digest
    found = json.loads((tmp_path / "reports/run" / files.STATISTICS).read_text())
    arrays = np.load(tmp_path / "reports/run" / files.POSITIONS)
    assert found["positions"] == len(arrays["offset"]) == sum(found["bins"]["positions"])
    assert (found["problems"], found["positions_of_passing"]) == (4, int(arrays["passed"].sum()))
    assert {*arrays["problem_id"][arrays["passed"]]} == {"p2"}
    for model, path in (("base", "models/base"), ("candidate", files.export("checkpoints/c"))):
        for place, arm in enumerate(ARMS):
            here = (arrays["problem_id"] == "p3") & (arrays["written_by"] == arm)
            text, offsets = written["p3"][place], arrays["offset"][here]
            assert (len(offsets), len(text)) == (16, 32)
            logits = _logits(tmp_path / path, [*analyzed.PROMPT, *text])[offsets + len(analyzed.PROMPT) - 1]
            expected = [entropy(np.exp(each - each.max()) / np.exp(each - each.max()).sum()) for each in logits]
            np.testing.assert_allclose(arrays[f"{model}_entropy"][here], expected, rtol=1e-4)
            ranks = [1 + (row > row[text[offset]]).sum() for row, offset in zip(logits, offsets, strict=True)]
            assert arrays[f"{model}_rank"][here].tolist() == ranks


def test_interrupted_anywhere_it_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after any context it leaves no artifact, measures no context twice, and ends with the same bytes."""
    _workspace(tmp_path)
    whole = analyze.run(analyze_config(tmp_path), Context(tmp_path, 0, Progress()))
    measured = distributions.measured
    asked: list[int] = []

    def until_killed(path: Path, chosen: Any, *rest: Any, **more: Any) -> Iterator[tuple[Arm, Aim]]:
        asked.append(len(chosen))
        for number, found in enumerate(measured(path, chosen, *rest, **more)):
            if number == 3:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(distributions, "measured", until_killed)
    config = analyze_config(tmp_path, output="reports/again")
    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            analyze.run(config, Context(tmp_path, 0, Progress()))
        assert not (tmp_path / "reports/again" / files.MANIFEST).exists()
    assert asked == [8, 5, 2, 8, 5]
    assert analyze.run(config, Context(tmp_path, 0, Progress())).digest == whole.digest
    names = {path.name for path in (tmp_path / "reports/again").iterdir() if not path.name.startswith(".")}
    assert names == {files.STATISTICS, files.POSITIONS, files.MANIFEST, files.PROGRESS}
    assert artifacts.open_artifact(tmp_path / "reports/again").manifest.counts["contexts"] == 8


def test_measurements_of_other_inputs_are_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured on generations that have been made again since is measured again."""
    _workspace(tmp_path)
    monkeypatch.setattr(statistics, "summary", lambda *_args, **_more: pytest.fail("finished too early"))
    with pytest.raises(pytest.fail.Exception):
        analyze.run(analyze_config(tmp_path), Context(tmp_path, 0, Progress()))
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "generations/Base")
    analyzed.write(tmp_path, "Base", [answer("p0", 0, [3, 4, 5])])
    analyze.run(analyze_config(tmp_path), Context(tmp_path, 0, Progress()))
    found = json.loads((tmp_path / "reports/run" / files.STATISTICS).read_text())
    assert (found["problems"], found["positions"]) == (1, 3 + 5)


def test_without_a_truncation_its_curves_are_left_out(tmp_path: Path) -> None:
    """Where no decode truncates every token survives: there are no curves of survivors, and all others are there."""
    _workspace(tmp_path)
    analyze.run(analyze_config(tmp_path, truncation=None), Context(tmp_path, 0, Progress()))
    found = json.loads((tmp_path / "reports/run" / files.STATISTICS).read_text())
    assert found["truncation"] is None
    for arm in ("base", "candidate", "difference"):
        assert not [name for name in found[arm] if name.startswith(("surviving", "truncated"))]
        assert {"cumulative_probability", "entropy", "likeliest_in_passing", "divergence"} <= found[arm].keys()


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=300))
def test_bins_hold_equal_shares(masses: list[float]) -> None:
    """No bin is empty, every position is in one, and without ties none holds more than its share and one."""
    bins, edges = splits.quantile_bins(np.array(masses))
    counts = np.bincount(bins, minlength=len(edges) + 1)
    assert len(counts) == len(edges) + 1
    assert counts.min() > 0
    if len({round(mass, splits.DIGITS) for mass in masses}) == len(masses):
        assert counts.max() <= len(masses) // splits.BINS + 2


def test_intervals_cover_the_truth_and_pair_the_arms() -> None:
    """Positions of one problem move together: intervals by problem hold the truth about as often as they say."""
    rng = np.random.default_rng(1)
    covered = paired = 0
    for number in range(200):
        level = rng.normal(0.0, 1.0, 40)
        problem = np.repeat(np.arange(40), 25)
        values = level[problem] + rng.normal(0.0, 0.3, 1000)
        rows = np.ones(1000, np.bool_)
        resampling = Resampling(problem, replicates=300, seed=number)
        base, candidate = (resampling.mean(each, rows) for each in (values, values + 0.05 + rng.normal(0, 0.1, 1000)))
        one, difference = base.values(), (candidate - base).values()
        covered += one["low"] <= 0.0 <= one["high"]
        paired += difference["low"] <= 0.05 <= difference["high"]
        assert difference["high"] - difference["low"] < 0.1 * (one["high"] - one["low"])
    assert 0.88 <= covered / 200 <= 0.98
    assert 0.88 <= paired / 200 <= 0.99


def _logits(path: Path, tokens: list[int]) -> np.ndarray:
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    with torch.no_grad():
        return np.asarray(model(torch.tensor([tokens])).logits[0].double())
