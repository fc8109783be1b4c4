"""Which records an optimizer step sees: pure, fixed once, whatever hardware trains.

Every epoch is a seeded permutation of all records, and a step is the next `size` records of that stream. Ranks are
unknown here, so a run that continues on other hardware sees the same steps.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice

__all__ = ["batches"]


def batches(records: int, *, steps: int, size: int, seed: int) -> list[list[int]]:
    """Return the record ids of every step: `size` at a time of a stream of seeded permutations.

    The first n steps do not depend on `steps`, and a record is seen again only after all others were.
    """
    if records < 1:
        raise ValueError("there is no record to make batches of")
    stream = _stream(records, seed)
    return [list(islice(stream, size)) for _ in range(steps)]


def _stream(records: int, seed: int) -> Iterator[int]:
    """Yield record ids for ever; the order is a sort by hash, which no library version changes."""
    epoch = 0
    while True:
        yield from sorted(range(records), key=lambda record: (_draw(seed, epoch, record), record))
        epoch += 1


def _draw(seed: int, epoch: int, record: int) -> bytes:
    """Return the place of a record in an epoch."""
    return hashlib.blake2b(f"{seed}/{epoch}/{record}".encode(), digest_size=8).digest()
