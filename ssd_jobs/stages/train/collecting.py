"""When Python looks for garbage: between steps and seldom, on all ranks at the same one.

Left to itself it does so in the middle of a step, on one rank after the other, and walks through everything that
transformers has loaded; the other ranks wait, and so does the GPU, for tenths of a second.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["after_step", "only_between_steps"]

EVERY_STEPS = 50


@contextmanager
def only_between_steps() -> Iterator[None]:
    """Leave it to `after_step`; what is there now is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def after_step(step: int) -> None:
    """Look through what is new, every so many steps."""
    if step % EVERY_STEPS == 0:
        gc.collect(1)
