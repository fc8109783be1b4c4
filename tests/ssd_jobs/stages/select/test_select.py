"""Select: the best setting by the verdicts on select problems, always the same one, and by nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.select import SELECTION, select_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import selections
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import pass_at_k
from ssd_jobs.stages.select import stage as select
from workspaces import verdicts
from workspaces.sampling import context

SAMPLES = 4
TEMPERATURES = {"hot": 1.5, "warm": 1.0, "cold": 0.5}
DECODES = {name: contract.Decode(temperature=each, top_k=20, top_p=0.8) for name, each in TEMPERATURES.items()}
COUNTS = st.lists(st.integers(0, SAMPLES), min_size=3, max_size=3)


def selected(root: Path, right: Mapping[str, Sequence[int]], *, k: int = 1) -> contract.Choice:
    """Choose by these numbers of right samples."""
    for name, counts in right.items():
        verdicts.write(root / f"verdicts/{name}", counts, samples=SAMPLES)
    select.run(select_config(root, {name: DECODES[name] for name in right}, k=k), context(root))
    return selections.read(artifacts.open_artifact(root / SELECTION))


@settings(max_examples=25, deadline=None)
@given(right=st.fixed_dictionaries(dict.fromkeys(DECODES, COUNTS)), k=st.integers(1, SAMPLES))
def test_the_chosen_setting_is_the_best_and_the_coldest_of_equals(
    tmp_path_factory: pytest.TempPathFactory, right: dict[str, list[int]], k: int
) -> None:
    """By the unbiased pass@k; whatever the order in which the settings are listed."""
    values = {name: sum(pass_at_k(SAMPLES, c, k) for c in counts) / len(counts) for name, counts in right.items()}
    best = max(values.values())
    expected = min((name for name in right if values[name] > best - 1e-12), key=TEMPERATURES.__getitem__)
    turned = dict(reversed(right.items()))
    for each in (right, turned):
        found = selected(tmp_path_factory.mktemp("workspace"), each, k=k)
        assert (found.chosen, found.problems, found.k) == (expected, 3, k)
        assert {one.name: one.value for one in found.tried} == pytest.approx(values)


def test_the_choice_says_what_it_is_worth(tmp_path: Path) -> None:
    """Best of how many, on how many problems, and what every one of them scored."""
    found = selected(tmp_path, {"hot": [1, 1], "cold": [4, 0]})
    manifest = artifacts.open_artifact(tmp_path / SELECTION).manifest
    assert manifest.facts["told"] == "cold: pass@1 0.500, best of 2 on 2 problems"
    assert [(each.name, each.value) for each in found.tried] == [("hot", 0.25), ("cold", 0.5)]


def test_a_choice_that_is_found_made_is_told_again(tmp_path: Path) -> None:
    """The stage's last words have the value in full, also when the choice was there already."""
    for name, counts in {"hot": [1, 0, 0], "cold": [2, 2, 1]}.items():
        verdicts.write(tmp_path / f"verdicts/{name}", counts, samples=SAMPLES)
    config = select_config(tmp_path, {name: DECODES[name] for name in ("hot", "cold")}, k=1)
    first, again = (select.run(config, context(tmp_path)) for _ in range(2))
    assert again == first
    assert (first.setting, first.k, float(first.value), first.settings, first.problems) == ("cold", 1, 5 / 12, 2, 3)
    assert first.message == "cold: pass@1 0.417, best of 2 on 3 problems"


def test_verdicts_on_other_problems_choose_nothing(tmp_path: Path) -> None:
    """Settings that were graded on different problems cannot be compared."""
    with pytest.raises(BadInput, match=r"^select-base-toy: the settings were graded on different problems; run their"):
        selected(tmp_path, {"hot": [1], "cold": [1, 1]})


def test_a_choice_that_was_edited_is_refused(tmp_path: Path) -> None:
    """Whoever reads a choice looks whether it is the one that was made."""
    selected(tmp_path, {"hot": [1], "cold": [0]})
    file = tmp_path / SELECTION / files.SELECTION
    file.write_text(file.read_text().replace('"chosen": "hot"', '"chosen": "cold"'))
    with pytest.raises(BadInput, match="differs from its manifest"):
        selections.read(artifacts.open_artifact(tmp_path / SELECTION))
