"""What vLLM does while it starts, read from what it logs: minutes for a large model, in which nothing is sampled."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["ACTIVITIES", "activity", "told"]

_RUNNERS = ("vllm.v1.worker.cpu_model_runner", "vllm.v1.worker.gpu_model_runner", "vllm.v1.worker.gpu.model_runner")
ACTIVITIES = (
    (_RUNNERS[:2], "Starting to load model", "loading the model"),
    (_RUNNERS[2:], "Loading model from scratch", "loading the model"),
    (("vllm.model_executor.model_loader.default_loader",), "Loading weights took", "preparing the model"),
    (_RUNNERS[1:], "Model loading took", "compiling"),
    (("vllm.compilation.backends",), "Dynamo bytecode transform", "compiling"),
    (("vllm.compilation.backends",), "Compiling a graph", "compiling"),
    (("vllm.v1.core.kv_cache_utils",), "KV cache size", "capturing graphs"),
    (_RUNNERS[1:], "Graph capturing finished", "warming up"),
)
"""Which loggers say so, a part of the message, and what goes on after it."""


def activity(message: str) -> str:
    """Return what the engine does once it has logged this, or nothing where the message does not tell."""
    return next((doing for _, part, doing in ACTIVITIES if part in message), "")


@contextmanager
def told(on_message: Callable[[str], None]) -> Iterator[None]:
    """Call `on_message` for each message of these loggers in this process, with the activity it begins or nothing."""

    def look(record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = ""
        on_message(activity(message))
        return True

    # Filters that let everything pass, and no handlers: the engine sets its loggers' handlers anew while it starts.
    loggers = {name for names, _, _ in ACTIVITIES for name in names}
    for name in loggers:
        logging.getLogger(name).addFilter(look)
    try:
        yield
    finally:
        for name in loggers:
            logging.getLogger(name).removeFilter(look)
