"""Laws of quantities: what the definition takes is read as Kubernetes reads it, and no text takes long to read."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from cluster import plans
from ssd_operator import manifests
from ssd_operator.errors import InvalidSpec
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
