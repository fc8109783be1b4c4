"""What a newer operator has stored can be read by this one; what a user writes is read strictly all the same."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs import plans
from resources import newer
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import resource
from ssd_operator.spec.kinds import RESOURCE_KINDS, ResourceKind
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status
from ssd_operator.spec.written import written

GUARD = {"benchmark": "toy", "metric": "pass@1"}
ENVIRONMENT = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}, {"name": "B", "value": "b"}]
WRITTEN: list[dict[str, Any]] = [
    {},
    {"model": {"source": {"huggingFace": {"repo": "a/b", "tokenSecretRef": {"name": "s", "key": "k"}}}}},
    {"analysis": {}, "promotion": {"gate": {"guards": [GUARD]}}, "pod": {"env": ENVIRONMENT}},
    {
        "storage": {"template": {"size": "1Gi"}},
        "evaluation": {"benchmarks": [{"name": "toy"}, {"name": "b", "source": {"path": "b"}}]},
    },
]
SPECS = [plans.spec(**sections).document() for sections in WRITTEN]


@given(data=st.data())
def test_a_frozen_spec_with_unknown_fields_is_the_one_without(data: st.DataObject) -> None:
    """Fields that this version does not know, at any depth, are left out of a frozen spec."""
    clean = data.draw(st.sampled_from(SPECS))
    found, _ = data.draw(newer.added(clean, ResolvedSpec))
    read = ResolvedSpec.read_stored(found, path="spec")
    assert read == ResolvedSpec.read(clean, path="spec")
    assert read.document() == clean


@given(data=st.data())
def test_an_unknown_field_of_a_user_is_refused_with_its_path(data: st.DataObject) -> None:
    """A field that nobody knows, at any depth, is a mistake in what a user writes, and each one is named."""
    clean = {"preset": "toy", "storage": {"claimName": "c"}, **data.draw(st.sampled_from(WRITTEN))}
    spec, paths = data.draw(newer.added(clean, written(ResolvedSpec)))
    document = {"apiVersion": resource.API_VERSION, "kind": resource.KIND, "metadata": {"name": "a"}, "spec": spec}
    with pytest.raises(InvalidSpec) as refused:
        resource.parse(document)
    found = {problem.path for problem in refused.value.problems if problem.message == "no such field"}
    assert found == {f"spec.{path}" for path in paths}


@pytest.mark.parametrize("kind", RESOURCE_KINDS.values(), ids=lambda row: row.short_name)
@settings(max_examples=200)
@given(data=st.data())
def test_a_status_with_unknown_fields_is_read_and_kept(kind: ResourceKind, data: st.DataObject) -> None:
    """Fields that this version does not know change nothing that it reads, and are written back as they were."""
    clean = data.draw(newer.statuses(kind))
    found, _ = data.draw(newer.added(clean, kind.status))
    read = kind.status.read(found, path="status")
    assert _holds(read.document(), found)
    assert newer.known(read.document(), kind.status) == kind.status.read(clean, path="status").document()


@pytest.mark.parametrize(
    "status",
    [
        {"phase": "Cancelled"},
        {"stages": [{"name": "a", "phase": "Paused", "cached": "Maybe"}]},
        {"promotion": {"decision": "Shared"}},
        {"conditions": [{"type": "Healthy", "status": "Perhaps"}]},
        {"stages": [{"name": f"s{index}", "phase": "Planned", "message": "x" * 9999} for index in range(99)]},
    ],
    ids=["phase", "stage", "decision", "condition", "longer"],
)
def test_a_status_with_unknown_words_is_read_and_kept(status: dict[str, Any]) -> None:
    """A word that this version does not know, or more than it would write, is read and written back."""
    assert _holds(Status.read(status, path="status").document(), status)


def _holds(whole: Any, part: Any) -> bool:
    """Tell whether a document says all that another one does; a null in an object is nothing."""
    if isinstance(part, dict):
        return all(name in whole and _holds(whole[name], each) for name, each in part.items() if each is not None)
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(_holds, whole, part))
    return bool(whole == part)
