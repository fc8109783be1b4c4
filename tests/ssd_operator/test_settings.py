"""Laws of the settings: every field has one variable, and what cannot be read is one sentence."""

import dataclasses
from typing import Any

import pytest

from ssd_operator.errors import InvalidInput
from ssd_operator.settings import Settings, from_environment


def test_nothing_set_is_the_default() -> None:
    """An empty environment gives the defaults, and other programs' variables are none of ours."""
    assert from_environment({"PATH": "/bin"}) == Settings()


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("namespaces", "a, b", ("a", "b")),
        ("namespaces", "", ()),
        ("offline", "true", True),
        ("leader_election", "false", False),
        ("concurrency", "4", 4),
        ("resync_s", "1.5", 1.5),
        ("worker_image", "w:1", "w:1"),
        ("gpu_node_selector", '{"gpu": "h100"}', {"gpu": "h100"}),
        ("worker_pod", '{"env": []}', {"env": []}),
        ("sealed_prefixes", "a.b, c.d", ("a.b", "c.d")),
        ("gpu_tolerations", '[{"key": "gpu"}]', ({"key": "gpu"},)),
    ],
)
def test_a_field_has_a_variable(field: str, text: str, value: Any) -> None:
    """SSD_ and the field's name in capitals is the variable."""
    assert from_environment({f"SSD_{field.upper()}": text}) == dataclasses.replace(Settings(), **{field: value})


@pytest.mark.parametrize(
    ("name", "text"), [("SSD_OFFLINE", "maybe"), ("SSD_CONCURRENCY", "many"), ("SSD_GPU_NODE_SELECTOR", "x")]
)
def test_what_cannot_be_read_names_the_variable(name: str, text: str) -> None:
    """The sentence names the variable and what it holds."""
    with pytest.raises(InvalidInput, match=f"{name}: cannot be '{text}'"):
        from_environment({name: text})
