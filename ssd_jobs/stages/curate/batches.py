"""Which records an optimizer step sees: pure, fixed once, whatever hardware trains.

Every epoch is a seeded permutation of all records, and a step is the next `size` records of that stream. Ranks are
unknown here, so a run that continues on other hardware sees the same steps. A record is drawn by its place in an order
that its caller gives, so that the steps do not depend on the shards in which samples lay.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice

__all__ = ["batches"]


def batches(records: Sequence[int], *, steps: int, size: int, seed: int) -> list[list[int]]:
    """Return the record ids of every step: `size` at a time of a stream of seeded permutations.

    The first n steps do not depend on `steps`, and a record is seen again only after all others were.
    """
    if not records:
        raise ValueError("there is no record to make batches of")
    stream = _stream(records, seed)
    return [list(islice(stream, size)) for _ in range(steps)]


def _stream(records: Sequence[int], seed: int) -> Iterator[int]:
    """Yield record ids for ever; the order is a sort by hash, which no library version changes."""
    epoch = 0
    while True:
        order = sorted(range(len(records)), key=lambda place: (_draw(seed, epoch, place), place))
        yield from (records[place] for place in order)
        epoch += 1


def _draw(seed: int, epoch: int, place: int) -> bytes:
    """Return what decides when an epoch comes to a record."""
    return hashlib.blake2b(f"{seed}/{epoch}/{place}".encode(), digest_size=8).digest()
