"""On the toy machine the analysis finds what the theory computes: its forks, its locks, and how far its target is."""

import json
import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from configs.analyze import analyze_config
from ssd_jobs import artifacts, contract
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.analyze import stage as analyze
from ssd_jobs.theory import machine
from ssd_jobs.theory import target as theory
from ssd_jobs.theory.composition import gains
from ssd_jobs.theory.distributions import kl, temper, top_p
from ssd_jobs.toy import base_model
from ssd_jobs.toy.machine import language, problems
from workspaces import analyzed
from workspaces.analyzed import ARMS, answer
from workspaces.provenance import EMPTY

CONTEXTS = machine.teacher()
DECISIONS = (CONTEXTS.root, CONTEXTS.fork, *[CONTEXTS.lock] * machine.LOCKS)
TEMPERATURES = (0.5, 1.0, 2.0)
SAMPLING = machine.PAPER.sampling
MASS = machine.PAPER.evaluation_mass


@dataclass(frozen=True)
class Found:
    """What the stage has left."""

    statistics: dict[str, Any]
    positions: Any

    def at(self, decision: int, field: str) -> Any:
        """Return an array at the places of a decision."""
        return self.positions[field][self.positions["offset"] == 1 + 2 * decision]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Both arms are the machine's base, on programs of which one of four is right."""
    from transformers import AutoTokenizer

    root, rng = tmp_path_factory.mktemp("machine"), np.random.default_rng(0)
    tokenizer = AutoTokenizer.from_pretrained(base_model.directory(base_model.MACHINE), local_files_only=True)
    for path in ("models/base", "checkpoints/c"):
        with artifacts.Output(path=root / path, stage="train", name="train", key="e" * 64).claim() as draft:
            folder = draft.path / "model" if path != "models/base" else draft.path
            shutil.copytree(base_model.directory(base_model.MACHINE), folder, dirs_exist_ok=True)
            draft.finish(EMPTY)
    prompt = tokenizer(_chat(tokenizer)).input_ids
    right = tuple(language.ranked(each)[0] for each in range(language.DECISIONS))
    for arm in ARMS:
        written = []
        for number in range(16):
            words = right if number % 4 == 0 else tuple(rng.choice(language.WORDS, language.DECISIONS))
            tokens = [*tokenizer(language.program(words)).input_ids, tokenizer.eos_token_id]
            written.append(answer(f"p{number}", 0, tokens, passed=number % 4 == 0))
            written[-1]["sample"]["prompt_token_ids"] = prompt
        analyzed.write(root, arm, written)
    science = analyze_config(root).science.model_copy(
        update={
            "problems": 16,
            "temperatures": TEMPERATURES,
            "truncation": contract.Truncation(top_k=0, top_p=MASS),
            "sampling": contract.Decode(temperature=SAMPLING.temperature, top_k=0, top_p=SAMPLING.mass),
        }
    )
    analyze.run(analyze_config(root).model_copy(update={"science": science}), Context(root, 0, Progress()))
    statistics = json.loads((root / "reports/run" / files.STATISTICS).read_text())
    return Found(statistics, np.load(root / "reports/run" / files.POSITIONS))


def _chat(tokenizer: Any) -> str:
    turns = [{"role": "user", "content": problems.statement(0)}]
    return str(tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))


def test_forks_are_found_as_forks_and_locks_as_locks(found: Found) -> None:
    """Root and fork of every program are forks, its three locks are locks, and all else is certain."""
    [kinds] = (each for each in found.statistics["splits"] if each["by"] == "kind")
    assert dict(zip(kinds["labels"], kinds["positions"], strict=True)) == {
        "fork": 2 * 32,
        "lock": machine.LOCKS * 32,
        "certain": found.statistics["positions"] - (2 + machine.LOCKS) * 32,
    }
    for decision in range(language.DECISIONS):
        assert (found.at(decision, "kind") == ("fork" if decision < 2 else "lock")).all()


@pytest.mark.parametrize("decision", range(language.DECISIONS))
def test_support_kept_mass_and_divergence_are_the_theorys(found: Found, decision: int) -> None:
    """At each decision the support has the theory's size, its mass is within 0.5 points, and KL within 0.002 nats."""
    p = DECISIONS[decision]
    q = theory.target(p, SAMPLING)
    assert {*found.at(decision, "target_size")} == {np.count_nonzero(q)}
    assert found.at(decision, "base_mass_inside") == pytest.approx(theory.kept_mass(p, q > 0), abs=0.005)
    assert found.at(decision, "base_divergence") == pytest.approx(kl(q, p), abs=0.002)
    assert not found.at(decision, "base_inversions").any()


@pytest.mark.parametrize("decision", range(language.DECISIONS))
def test_survivors_are_those_of_the_models_own_probabilities(found: Found, decision: int) -> None:
    """What truncation leaves at each temperature is what the theory leaves of the probabilities that were measured."""
    for shares, survivors in zip(
        found.at(decision, "base_cumulative"), found.at(decision, "base_survivors"), strict=True
    ):
        p = np.diff(shares.astype(np.float64), prepend=0.0).clip(0)
        expected = [np.count_nonzero(top_p(temper(p / p.sum(), each), MASS)) for each in TEMPERATURES]
        assert survivors.tolist() == expected


@pytest.mark.parametrize("decision", range(language.DECISIONS))
def test_the_factors_of_a_perfect_student_are_the_propositions(found: Found, decision: int) -> None:
    """Compression and reshaping of a right token are those of proposition B.3; the base itself gains nothing."""
    p = DECISIONS[decision]
    event = np.zeros(len(p), np.bool_)
    event[0] = True
    right = found.at(decision, "passed")
    for place, temperature in enumerate(TEMPERATURES):
        exact = gains(p, theory.support(p, SAMPLING), event, train=SAMPLING.temperature, evaluate=temperature)
        for name in ("compression", "reshaping"):
            measured = np.exp(found.at(decision, f"perfect_{name}")[right][:, place])
            assert measured == pytest.approx(getattr(exact, name), rel=0.02)
    assert not found.at(decision, "compression")[right].any()
    assert not found.at(decision, "reshaping")[right].any()


def test_one_program_is_shown_whole(found: Found) -> None:
    """It is one that passed, and its uncertain tokens are its decisions."""
    program = found.statistics["program"]
    assert program["passed"]
    text = "".join(program["tokens"])
    assert text.startswith(language.OPEN)
    uncertain = [
        token for token, entropy in zip(program["tokens"], program["base"]["entropy"], strict=True) if entropy > 0.1
    ]
    assert len(uncertain) == language.DECISIONS


def test_equal_models_part_nowhere(found: Found) -> None:
    """Greedy decoding of a model and itself is the same everywhere."""
    assert found.statistics["greedy"] == {"contexts": 32, "contexts_that_part": 0, "points": []}
