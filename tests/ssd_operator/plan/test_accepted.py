"""What is accepted can be carried out: no resource passes every judge and is a bug to the operator then."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from configs import plans
from resources import fuzz
from ssd_jobs import contract
from ssd_operator import manifests, plan
from ssd_operator.errors import InvalidSpec
from ssd_operator.lifecycle import Inputs, Planner, advance
from ssd_operator.manifests import Place
from ssd_operator.settings import Settings
from ssd_operator.spec import presets, resource
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status

LARGEST_CONFIG_MAP = 1_000_000
LONGEST_NAME = 63 - len("-999")
QUOTAS = {"all": {"cpu": "1Ki", "pods": "1", "requests.nvidia.com/gpu": "1k", "limits.memory": "10Gi"}}


def accepted(seed: int) -> ResolvedSpec | None:
    """Return what a random resource over a random preset resolves to, if it passes."""
    raw = fuzz.resource(seed)
    raw["spec"]["preset"] = random.Random(seed).choice(presets.names())
    try:
        return resource.parse(raw).resolve()
    except InvalidSpec:
        return None


def build(place: Place) -> None:
    """Make every object of every stage, as after prepare."""
    around = plan.Surroundings(name="demo", uid="u", digests=plans.digests(place.spec))
    for node in plan.build(place.spec, around, place.platform()):
        assert not node.provisional
        assert all(len(each["metadata"]["name"]) <= LONGEST_NAME for each in manifests.objects(node, place))


def look(place: Place) -> None:
    """Write the first status of a run and of a plan; both fit into the definition."""
    inputs = Inputs(
        name="demo", uid="u", generation=1, place=place, now=datetime(2026, 1, 1, tzinfo=UTC), suspended=False,
        planning=False, quotas=QUOTAS,
    )  # fmt: skip
    for each in (inputs, replace(inputs, planning=True)):
        status = advance(Status(), each, Planner())
        written = status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        assert Status.read(written, path="status") == status


@pytest.mark.parametrize("hundred", range(12))
def test_whatever_is_accepted_can_be_planned_and_built(hundred: int) -> None:
    """Random resources with the bounds' own values, over every preset: a config, a Job and a status for each."""
    specs = [spec for seed in range(hundred * 100, hundred * 100 + 100) if (spec := accepted(seed)) is not None]
    assert specs
    for spec in specs:
        place = Place("demo", "lab", spec.storage.claim_name or "demo-workspace", "claim", spec, Settings())
        build(place)
        look(place)
        common = manifests.common_pod(spec, place.settings)
        assert manifests.resolved(spec, common, name="demo", namespace="lab", uid="u")


def test_the_largest_comparison_fits_into_a_config_map() -> None:
    """As many benchmarks, settings and grading modes as are legal: a report that could not be asked for after days."""
    sweep = [
        {"temperature": 0.1234567890123 + n / 7, "topK": 100_000 + n, "topP": 0.123456789 + n / 100} for n in range(24)
    ]
    benchmark = {"source": {"builtin": "toy"}, "sweep": sweep, "grading": ["Process", "LCB"], "k": [1, 5]}
    spec = plans.spec(evaluation={"benchmarks": [{"name": f"{'b' * 23}{n}", **benchmark} for n in range(8)]})
    with pytest.raises(InvalidSpec, match="at most 24 entries"):
        plans.spec(evaluation={"benchmarks": [{"name": "b", **benchmark, "sweep": [*sweep, sweep[0]]}]})
    assert max(len(contract.dump(node.config)) for node in plans.graph(spec)) < LARGEST_CONFIG_MAP
