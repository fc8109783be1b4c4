"""A batch in memory that is allocated once: for the known families on a CUDA device.

Each sequence has a slot, which is a row of every layer's tensors, and its token at position p has column p there.
A sequence joins by writing its prompt into a free slot and leaves by being forgotten: nothing grows, is joined or is
cut out. A prompt is prefilled without its last token, which takes the common step; so a step is one function of the
newest tokens and of the lengths, with shapes from a short list, and can be captured as a CUDA graph.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import AttentionInterface, Cache, DynamicLayer

from ssd_jobs.contract.model_shape import Shape, shape_of
from ssd_jobs.engine.batches import Logits, Row
from ssd_jobs.engine.capture import Graphs
from ssd_jobs.engine.keyvalues import has_one_mask
from ssd_jobs.engine.transfers import to_device

__all__ = ["StaticBatch", "fits"]

ATTENTION = "ssd_slots"
"""Our attention's name in transformers' registry."""
KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
"""Without cuDNN's, which plans anew for every shape: lengths of prompts are all different."""
LEAST_ROWS = 8
LEAST_COLUMNS = 128
PREFILL_TOKENS = 16_384
"""Padding included; what a prefill needs for its activations grows with it."""


def fits(config: Any) -> bool:
    """Tell whether a model of this config can be held so: of a known family, every layer sees every token, no sinks."""
    shape = shape_of(config.to_dict())
    return shape is not None and shape.family != "gpt_oss" and has_one_mask(config)


@dataclass
class _Target:
    """Where the layers of a forward pass write: whole prompts from column 0 on, or one token of each slot."""

    slots: torch.Tensor
    positions: torch.Tensor | None = None
    columns: int = 0
    """How many are attended to."""


class _SlotLayer(DynamicLayer):  # type: ignore[misc]
    """One layer's keys and values of all slots; to transformers it is empty, since masks are made here."""

    target: _Target

    def __init__(self, *held: torch.Tensor) -> None:
        super().__init__()
        self.held = held

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write into the slots, and return what is attended to: a prompt to itself, a token to its slot."""
        slots, positions, columns = self.target.slots, self.target.positions, self.target.columns
        for held, new in zip(self.held, (key_states, value_states), strict=True):
            if positions is None:
                held[slots, :, : new.shape[2]] = new
            else:
                held[slots, :, positions] = new[:, :, 0]
        if positions is None:
            return key_states, value_states
        keys, values = (held[: len(slots), :, :columns] for held in self.held)
        return keys, values


class StaticBatch:
    """Sequences in slots."""

    def __init__(self, model: Any, size: int, columns: int, *, captured: bool) -> None:
        shape = shape_of(model.config.to_dict())
        assert shape is not None
        self.size = size
        self.rows: list[Row | None] = [None] * size
        self.last = torch.zeros(size, dtype=torch.long, device=model.device)
        self._model = model
        self._sizes = _sizes(size)
        self._limit = -(-columns // LEAST_COLUMNS) * LEAST_COLUMNS
        self._lengths = torch.zeros_like(self.last)
        self._slots = torch.arange(size, device=model.device)
        self._columns = torch.arange(self._limit, device=model.device)
        self._logits = torch.empty(size, shape.vocabulary, dtype=model.dtype, device=model.device)
        self._layers = [_SlotLayer(*self._memory(shape)) for _ in range(shape.layers)]
        self._cache = Cache(layers=list(self._layers))
        self._step: Callable[[int, int], None] = Graphs(self._forward) if captured else self._forward
        AttentionInterface.register(ATTENTION, _attend)
        model.set_attn_implementation(ATTENTION)

    def admit(self, rows: Sequence[Row]) -> None:
        """Prefill free slots, long prompts with long ones."""
        free = [slot for slot, row in enumerate(self.rows) if row is None]
        taken = sorted(zip(free, rows, strict=False), key=lambda pair: pair[1].length, reverse=True)
        for slot, row in taken:
            self.rows[slot] = row
        slots = self._index([slot for slot, _ in taken])
        self.last[slots] = self._index([row.text[-1] for _, row in taken])
        for held in self._held():
            # What is multiplied by a weight of 0 must be finite, whatever the sequence before has left.
            held.index_fill_(0, slots, 0)
        for some in _packed([(slot, row.text[:-1]) for slot, row in taken if row.length > 1]):
            self._prefill(*zip(*some, strict=True))

    def advance(self) -> Logits:
        """Run the newest token of every row, in as few slots as hold them."""
        rows = self._shrink()
        lengths = [row.length - 1 if row else 0 for row in self.rows[:rows]]
        self._lengths[:rows].copy_(self._index(lengths))
        self._step(rows, column_bucket(max(lengths) + 1, self._limit))
        return Logits(self._logits[:rows], range(rows))

    def _memory(self, shape: Shape) -> Iterator[torch.Tensor]:
        """Yield the memory for one layer's keys, and for its values."""
        for _ in range(2):
            yield torch.zeros(
                (self.size, shape.key_heads, self._limit, shape.head_size),
                dtype=self._model.dtype,
                device=self._model.device,
            )

    def _forward(self, rows: int, columns: int) -> None:
        """Write the logits after the newest tokens of so many slots; nothing here depends on a number on the host."""
        lengths = self._lengths[:rows]
        self._aim(_Target(self._slots[:rows], lengths, columns))
        hidden = self._columns[:columns] > lengths[:, None]
        mask = torch.zeros(hidden.shape, dtype=self._model.dtype, device=hidden.device)
        mask = mask.masked_fill_(hidden, float("-inf"))[:, None, None]
        self._logits[:rows] = self._run(self.last[:rows, None], lengths[:, None], mask)

    def _prefill(self, slots: Sequence[int], texts: Sequence[Sequence[int]]) -> None:
        """Write texts into slots, padded on the right: what follows a token does not change it."""
        width = len(texts[0])
        tokens = torch.tensor([[*text, *[0] * (width - len(text))] for text in texts])
        self._aim(_Target(self._index(slots)))
        self._run(to_device(tokens, self._slots.device), self._columns[None, :width], None)

    def _run(self, tokens: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Run the model and return the logits of the last column."""
        with sdpa_kernel(KERNELS):
            output = self._model(
                input_ids=tokens,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=1,
            )
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def _held(self) -> Iterator[torch.Tensor]:
        """Yield the memory of all layers."""
        for layer in self._layers:
            yield from layer.held

    def _aim(self, target: _Target) -> None:
        """Tell the layers where the next forward pass writes."""
        for layer in self._layers:
            layer.target = target

    def _shrink(self) -> int:
        """Return how many slots a step computes; the last rows move down where that makes them fewer."""
        alive = [slot for slot, row in enumerate(self.rows) if row is not None]
        fewest = next(size for size in self._sizes if size >= len(alive))
        above = [slot for slot in alive if slot >= fewest]
        below = [slot for slot in range(fewest) if self.rows[slot] is None][: len(above)]
        if above:
            self._move(above, below)
        return fewest

    def _move(self, sources: Sequence[int], targets: Sequence[int]) -> None:
        """Move rows to other slots."""
        old, new = self._index(sources), self._index(targets)
        for held in (self.last, *self._held()):
            held[new] = held[old]
        for source, target in zip(sources, targets, strict=True):
            self.rows[source], self.rows[target] = None, self.rows[source]

    def _index(self, numbers: Sequence[int]) -> torch.Tensor:
        """Return numbers of the host on the device."""
        return to_device(torch.tensor(numbers, dtype=torch.long), self._slots.device)


def _attend(
    _module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as transformers' SDPA does, but read each key once for all the heads that share it."""
    rows, heads, tokens, width = query.shape
    if attention_mask is None:
        shared = heads != key.shape[1]
        found = functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, scale=scaling, enable_gqa=shared
        )
    else:  # one token: the heads of a group stand where tokens would
        grouped = query.reshape(rows, key.shape[1], -1, width)
        found = functional.scaled_dot_product_attention(grouped, key, value, attn_mask=attention_mask, scale=scaling)
        found = found.reshape(rows, heads, tokens, -1)
    return found.transpose(1, 2).contiguous(), None


def _sizes(size: int) -> list[int]:
    """Return how many slots a step may compute: all, or powers of two below."""
    return [*(1 << power for power in range(LEAST_ROWS.bit_length() - 1, (size - 1).bit_length())), size]


def column_bucket(needed: int, limit: int) -> int:
    """Return how many columns a step attends to: four numbers between a power of two and the next."""
    block = max(LEAST_COLUMNS, 1 << (needed - 1).bit_length() >> 3)
    return min(limit, -(-needed // block) * block)


def _packed(texts: Sequence[tuple[int, list[int]]]) -> Iterator[list[tuple[int, list[int]]]]:
    """Yield slots with their texts, longest first, so many together as fit a prefill."""
    begun = 0
    while begun < len(texts):
        rows = max(1, PREFILL_TOKENS // len(texts[begun][1]))
        yield list(texts[begun : begun + rows])
        begun += rows
