"""How a step is shared out: whole documents go into packs of bounded length, the same on any number of ranks.

Packs are balanced by their cost, because every pack is a collective and all ranks wait for the slowest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["QUADRATIC", "assign", "cost"]

QUADRATIC = 1 / 32768
"""Cost of attention per squared token, in units of a token's other cost: about 1 / (12 x hidden size)."""


def assign(
    lengths: Sequence[int], world: int, token_budget: int, *, quadratic: float = QUADRATIC
) -> list[list[list[int]]]:
    """Share one global batch out: for every rank its packs, each a list of positions in `lengths`.

    Every document is in exactly one pack, no pack is longer than `token_budget` tokens, no pack is empty, and the
    number of packs of two ranks differs by at most one. The n-th packs of all ranks cost about the same, as do
    all packs of a rank together. The result depends on the arguments only. A document that is longer than the
    budget is an error: `curate` has cut or dropped it.
    """
    longest = max(lengths, default=0)
    if longest > token_budget:
        raise ValueError(f"a document of {longest} tokens does not fit into a pack of {token_budget}")
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    costs = [cost(length, quadratic=quadratic) for length in lengths]
    rounds = max(1, -(-sum(lengths) // (world * token_budget)))
    packs = _packed(order, lengths, costs, rounds * world, token_budget)
    while packs is None:
        rounds += 1
        packs = _packed(order, lengths, costs, rounds * world, token_budget)
    return _dealt([pack for pack in packs if pack.positions], world)


def cost(length: int, *, quadratic: float = QUADRATIC) -> float:
    """Return what a document costs: its tokens, and its attention."""
    return length + quadratic * length * length


@dataclass
class _Pack:
    """Documents that run in one forward pass."""

    tokens: int = 0
    cost: float = 0.0
    positions: list[int] = field(default_factory=list)


def _packed(
    order: Sequence[int], lengths: Sequence[int], costs: Sequence[float], count: int, budget: int
) -> list[_Pack] | None:
    """Assign documents, the longest first, each to the cheapest of `count` packs with room; None if one finds none."""
    packs = [_Pack() for _ in range(count)]
    for position in order:
        roomy = [pack for pack in packs if pack.tokens + lengths[position] <= budget]
        if not roomy:
            return None
        pack = min(roomy, key=lambda pack: pack.cost)
        pack.tokens += lengths[position]
        pack.cost += costs[position]
        pack.positions.append(position)
    return packs


def _dealt(packs: list[_Pack], world: int) -> list[list[list[int]]]:
    """Deal packs of similar cost to all ranks at a time, to and fro so that the ranks' sums stay close."""
    ranks: list[list[list[int]]] = [[] for _ in range(world)]
    for turn, pack in enumerate(sorted(packs, key=lambda pack: (-pack.cost, pack.positions))):
        row, place = divmod(turn, world)
        ranks[place if row % 2 == 0 else world - 1 - place].append(pack.positions)
    return ranks
