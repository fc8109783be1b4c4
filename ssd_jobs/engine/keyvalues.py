"""A rectangular batch that grows: for any model that transformers loads, on any device.

Rows begin at different columns. They are padded on the left; a mask says which columns are theirs, and positions
count a row's own tokens. Columns are allocated in blocks, since growing by one column a step would copy everything
every time. The length of each row stands on the host too: to ask the device would be to wait for it. A finished
sequence leaves a dead row; when enough rows are dead, they are cut out, and new ones are prefilled and joined.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional
from transformers import Cache, DynamicLayer

from ssd_jobs.engine.batches import Logits, Row
from ssd_jobs.engine.transfers import to_device

__all__ = ["GrowingBatch", "has_one_mask"]

BLOCK = 64


class _Layer(DynamicLayer):  # type: ignore[misc]
    """One layer; `keys` and `values` are views of the columns in use."""

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Begin with no columns."""
        self.dtype, self.device = key_states.dtype, key_states.device
        self.replace(key_states[:, :, :0], value_states[:, :, :0])
        self.is_initialized = True

    def replace(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Hold other columns, with no room after them."""
        self._room = (keys, values)
        self.keys, self.values = keys, values

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append columns and return all."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        used = self.keys.shape[2]
        total = used + key_states.shape[2]
        if total > self._room[0].shape[2]:
            blocks = -(-total // BLOCK) * BLOCK
            grown = [functional.pad(each, (0, 0, 0, blocks - used)) for each in (self.keys, self.values)]
            self._room = grown[0], grown[1]
        for room, new in zip(self._room, (key_states, value_states), strict=True):
            room[:, :, used:total] = new
        self.keys, self.values = (room[:, :, :total] for room in self._room)
        return self.keys, self.values


class GrowingBatch:
    """Sequences in one rectangle."""

    def __init__(self, model: Any, size: int) -> None:
        self.size = size
        self.rows: list[Row | None] = []
        self.last = torch.empty(0, dtype=torch.long, device=model.device)
        self._model = model
        self._held = _KeyValues(model.device)

    def admit(self, rows: Sequence[Row]) -> Logits:
        """Cut dead rows out, prefill new ones and join them."""
        self._compact()
        joined = _KeyValues(self._model.device)
        logits = joined.prefill(self._model, [row.text for row in rows])
        first = len(self.rows)
        self._held.join(joined)
        self.rows += rows
        self.last = torch.cat([self.last, self.last.new_zeros(len(rows))])
        return Logits(logits, range(first, len(self.rows)))

    def advance(self) -> Logits:
        """Run one more token of every row; dead rows are cut out once they are half of them."""
        if 2 * len(self._alive()) <= len(self.rows):
            self._compact()
        return Logits(self._held.extend(self._model, self.last[:, None]), range(len(self.rows)))

    def _alive(self) -> list[int]:
        return [place for place, row in enumerate(self.rows) if row is not None]

    def _compact(self) -> None:
        """Cut dead rows out."""
        alive = self._alive()
        if len(alive) < len(self.rows):
            self._held.select(alive)
            self.last = self.last[alive]
            self.rows = [self.rows[place] for place in alive]


class _KeyValues:
    """Keys and values of all rows."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.cache = Cache(layer_class_to_replicate=_Layer)
        self.mask = torch.empty(0, 0, dtype=torch.long, device=device)
        self.lengths: list[int] = []
        """How many columns of each row are its own."""

    def prefill(self, model: Any, prompts: Sequence[Sequence[int]]) -> torch.Tensor:
        """Run prompts and return the logits after each."""
        self.lengths = list(map(len, prompts))
        width = max(self.lengths)
        tokens = torch.zeros(len(prompts), width, dtype=torch.long)
        self.mask = torch.zeros_like(tokens)
        for row, prompt in enumerate(prompts):
            tokens[row, width - len(prompt) :] = torch.tensor(list(prompt))
            self.mask[row, width - len(prompt) :] = 1
        self.mask = to_device(self.mask, self._device)
        return self._forward(model, to_device(tokens, self._device), (self.mask.cumsum(1) - 1).clamp(min=0))

    def extend(self, model: Any, tokens: torch.Tensor) -> torch.Tensor:
        """Run one more token of every row and return the logits after it."""
        positions = self.mask.sum(1, keepdim=True)
        self.mask = functional.pad(self.mask, (0, 1), value=1)
        self.lengths = [length + 1 for length in self.lengths]
        return self._forward(model, tokens, positions)

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows, and only the columns that any of them uses."""
        kept = to_device(torch.tensor(list(rows), dtype=torch.long), self._device)
        self.mask = self.mask[kept]
        self.lengths = [self.lengths[row] for row in rows]
        unused = self.mask.shape[1] - max(self.lengths, default=0)
        self.mask = self.mask[:, unused:]
        for layer in self.cache.layers:
            layer.replace(layer.keys[kept, :, unused:], layer.values[kept, :, unused:])

    def join(self, other: "_KeyValues") -> None:
        """Take over the rows of another batch."""
        if not len(self.mask):
            self.cache, self.mask, self.lengths = other.cache, other.mask, other.lengths
            return
        self.lengths += other.lengths
        width = max(self.mask.shape[1], other.mask.shape[1])
        self.mask = torch.cat([_padded(each.mask, width, dim=1) for each in (self, other)])
        for mine, theirs in zip(self.cache.layers, other.cache.layers, strict=True):
            pairs = [(mine.keys, theirs.keys), (mine.values, theirs.values)]
            mine.replace(*(torch.cat([_padded(each, width, dim=2) for each in pair]) for pair in pairs))

    def _forward(self, model: Any, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Run the model on new tokens."""
        output = model(
            input_ids=tokens,
            attention_mask=self._attention(model, tokens.shape[1]),
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def _attention(self, model: Any, columns: int) -> torch.Tensor | None:
        """Return what the model must know about padding, in the form for which it need not ask the device."""
        if min(self.lengths) == self.mask.shape[1]:
            return None
        if columns == 1 and has_one_mask(model.config.get_text_config()):
            return self.mask[:, None, None].bool()
        return self.mask


def has_one_mask(config: Any) -> bool:
    """Tell whether one mask serves all layers: no layer has a window of its own."""
    kinds = getattr(config, "layer_types", None)
    windows = getattr(config, "sliding_window", None) if kinds is None else set(kinds) - {"full_attention"}
    attention = config._attn_implementation  # noqa: SLF001 - transformers has no public name for it
    return not windows and attention == "sdpa"


def _padded(tensor: torch.Tensor, width: int, *, dim: int) -> torch.Tensor:
    """Return a tensor with zero columns put before the others."""
    missing = width - tensor.shape[dim]
    return functional.pad(tensor, (0, 0) * (tensor.dim() - 1 - dim) + (missing, 0)) if missing else tensor
