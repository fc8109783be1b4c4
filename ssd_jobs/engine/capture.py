"""A function of tensors that stay where they are, captured as CUDA graphs.

A decode step is about a thousand small kernels, and launching them one by one takes the host several times as long as
the device needs to run them. A graph is all of them in one launch. It knows addresses and shapes only, so there is one
per shape; all share one pool of memory, since no two run at once and their results are copied out of it.
"""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch

from ssd_jobs.errors import first_line

__all__ = ["Graphs"]

LOGGER = logging.getLogger(__name__)


class Graphs:
    """Calls a function; from a shape's second call on by its graph."""

    def __init__(self, function: Callable[[int, int], None]) -> None:
        self._function = function
        self._graphs: dict[tuple[int, int], torch.cuda.CUDAGraph | None] = {}
        self._fails = False

    def __call__(self, rows: int, columns: int) -> None:
        """Run the function for this shape: a first time as it is, which also loads what a capture must find loaded."""
        shape = rows, columns
        if shape in self._graphs and self._graphs[shape] is None and not self._fails:
            self._capture(shape)
        graph = self._graphs.setdefault(shape, None)
        if graph is None:
            self._function(*shape)
        else:
            graph.replay()

    @cached_property
    def _stream(self) -> torch.cuda.Stream:
        return torch.cuda.Stream()  # type: ignore[no-untyped-call]

    @cached_property
    def _pool(self) -> Any:
        return torch.cuda.graph_pool_handle()

    def _capture(self, shape: tuple[int, int]) -> None:
        """Capture the function for a shape, or never again try."""
        try:
            self._graphs[shape] = self._captured(shape)
        except RuntimeError as error:
            self._fails = True
            LOGGER.warning(
                "decode steps are launched kernel by kernel, which is slower: "
                "they cannot be captured as CUDA graphs (%s)",
                first_line(error),
            )

    def _captured(self, shape: tuple[int, int]) -> torch.cuda.CUDAGraph:
        """Return the graph of one call."""
        stream = self._stream
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._function(*shape)  # once on the stream of the capture, where libraries keep their work spaces
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=stream, capture_error_mode="thread_local"):
            self._function(*shape)
        return graph
