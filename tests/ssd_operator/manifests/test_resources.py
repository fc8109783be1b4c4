"""Laws of quantities: what the definition takes is read as Kubernetes reads it, and no text takes long to read."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from cluster import plans
from ssd_jobs.contract import ModelSize
from ssd_operator import manifests
from ssd_operator.errors import InvalidSpec
from ssd_operator.manifests import Place
from ssd_operator.manifests.amounts import amount
from ssd_operator.spec import patterns

QUANTITIES = st.from_regex(patterns.QUANTITY.replace("$", r"\Z"), fullmatch=True).filter(lambda text: len(text) <= 32)


@given(QUANTITIES)
def test_an_amount_is_what_kubernetes_means(quantity: str) -> None:
    """Every text that the definition takes has the value that Kubernetes' own client gives it."""
    assert amount(quantity) == pytest.approx(parse_quantity(quantity), rel=Decimal("1e-20"))


@given(QUANTITIES)
def test_every_amount_can_be_asked_for(quantity: str) -> None:
    """Objects of a grade pod are built whatever its limits say; the API server judges whether they are sensible."""
    limits = {"cpu": quantity, "memory": quantity}
    where = plans.place(evaluation={"gradePod": {"resources": {"limits": limits}}})
    assert manifests.objects(plans.graph(where)["grade-base-toy"], where)


def test_a_number_that_fills_the_memory_is_no_quantity() -> None:
    """An exponent of more than two digits is refused: the operator would never finish writing the number down."""
    with pytest.raises(InvalidSpec, match="must be a quantity such as"):
        plans.place(evaluation={"gradePod": {"resources": {"limits": {"cpu": "1e9999999"}}}})


def test_a_grade_pod_has_no_device() -> None:
    """What a pod asks for beside processor, memory and scratch space never reaches the programs under test."""
    asked = {"requests": {"nvidia.com/gpu": 1, "cpu": 1}, "limits": {"nvidia.com/gpu": 1, "ephemeral-storage": "1Gi"}}
    where = plans.place(pod={"resources": asked})
    job = manifests.job(plans.graph(where)["grade-base-toy"], where, attempt=1)
    spec = job["spec"]["template"]["spec"]
    containers = [*spec["initContainers"], *spec["containers"]]
    assert not any("nvidia.com/gpu" in kind for each in containers for kind in each["resources"].values())
    assert spec["initContainers"][0]["resources"]["limits"]["ephemeral-storage"] == "1Gi"


MOE = ModelSize(parameters=30_532_122_624, bytes=61_064_245_248, layers=48, vocabulary=151_936)
GPUS: dict[str, Any] = {
    "sampling": {"gpusPerShard": 2},
    "training": {"gpusPerNode": 8},
    "evaluation": {"gpusPerShard": 0},
}
ASKED = {
    "sample": {"cpu": "4", "memory": "65Gi"},
    "train": {"cpu": "16", "memory": "374Gi"},
    "generate-base-toy": {"cpu": "1", "memory": "173Gi"},
}


def requests(where: Place, stage: str) -> dict[str, str]:
    """Return what the worker of a stage asks for."""
    job = manifests.job(plans.graph(where)[stage], where, attempt=1)
    found: dict[str, str] = job["spec"]["template"]["spec"]["containers"][0]["resources"].get("requests", {})
    return found


def test_what_nobody_says_follows_from_the_model() -> None:
    """Once prepare has told the size, stages that use torch ask for as much memory as it takes; before, for 2 GiB."""
    where = plans.place(**GPUS)
    known = replace(where, model=MOE)
    for stage in ("sample", "train", "generate-base-toy"):
        assert requests(known, stage) == ASKED[stage]
        assert requests(where, stage) == ASKED[stage] | {"memory": "2Gi"}


def test_a_small_model_asks_for_what_it_asked_for() -> None:
    """A model of a few megabytes changes nothing: one core and 2 GiB."""
    size = ModelSize(parameters=1_000_000, bytes=4_000_000, layers=2, vocabulary=50)
    where = plans.place()
    for stage in ("sample", "train", "generate-base-toy"):
        assert requests(replace(where, model=size), stage) == {"cpu": "1", "memory": "2Gi"}


def test_what_is_said_is_what_is_asked_for() -> None:
    """Words of the resource stand, whatever the model's size; so do limits, from which requests follow."""
    for said in ({"requests": {"memory": "7Gi"}}, {"limits": {"memory": "9Gi", "cpu": "3"}}):
        where = replace(plans.place(pod={"resources": said}, **GPUS), model=MOE)
        assert requests(where, "sample") == said.get("requests", {})
