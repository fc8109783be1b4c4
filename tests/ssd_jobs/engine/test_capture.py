"""Laws of captured steps that hold without a GPU: when a shape is captured, and what happens where none can be."""

import logging
from typing import Any

import pytest
import torch

from ssd_jobs.engine import capture


def test_where_nothing_can_be_captured_the_function_itself_runs(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call has its effect once, one sentence says why it is slow, and a capture is tried once for all shapes."""
    monkeypatch.setattr(torch.cuda, "Stream", refuse)
    calls: list[tuple[int, int]] = []
    graphs = capture.Graphs(lambda rows, columns: calls.append((rows, columns)))
    shapes = [(8, 128), (8, 128), (16, 128), (16, 128), (16, 128)]
    with caplog.at_level(logging.WARNING):
        for shape in shapes:
            graphs(*shape)
    assert calls == shapes
    (record,) = caplog.records
    assert record.getMessage() == (
        "decode steps are launched kernel by kernel, which is slower: "
        "they cannot be captured as CUDA graphs (operation not permitted when stream is capturing)"
    )


def refuse(*_: Any) -> None:
    """As CUDA does."""
    raise RuntimeError("operation not permitted when stream is capturing\nmore for developers")


def test_a_shape_is_captured_at_its_second_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first runs as it is, the second captures, and from then on nothing but the graph of that shape runs."""
    events: list[str] = []

    class Graph:
        def __init__(self, name: str) -> None:
            self.name = name

        def replay(self) -> None:
            events.append(f"replay {self.name}")

    def captured(_: capture.Graphs, shape: tuple[int, int]) -> Graph:
        events.append(f"capture {shape[0]}")
        return Graph(str(shape[0]))

    monkeypatch.setattr(capture.Graphs, "_captured", captured)
    graphs = capture.Graphs(lambda rows, _: events.append(f"run {rows}"))
    for rows in (8, 8, 16, 8, 16, 16):
        graphs(rows, 128)
    assert events == [
        "run 8", "capture 8", "replay 8", "run 16", "replay 8", "capture 16", "replay 16", "replay 16",
    ]  # fmt: skip
