"""The shape of a model as its config.json tells it: how many weights there are, and where.

Pure, and for both sides. Known are the families whose blocks are built like Llama's, with experts or without.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Shape", "shape_of"]

FAMILIES: Final = ("gpt_oss", "llama", "qwen2", "qwen3", "qwen3_moe")
HEAD_SIZES: Final = {"qwen3": 128, "gpt_oss": 64}
"""What transformers takes where config.json names no `head_dim` and does not divide."""


@dataclass(frozen=True)
class Shape:
    """Sizes of one model; `experts` is 0 where no block has any."""

    family: str
    layers: int
    hidden: int
    vocabulary: int
    heads: int
    key_heads: int
    """Heads with keys and values of their own."""
    head_size: int
    inner: int
    """Width of a dense block's MLP."""
    experts: int
    active: int
    """Experts that one token goes through."""
    expert_inner: int
    dense_layers: int
    """Blocks without experts."""
    tied: bool
    """Whether head and embedding are one matrix."""
    attention_bias: bool
    mlp_bias: bool
    window: int
    """Tokens that a block with a sliding window remembers; 0 where none has one."""
    windowed_layers: int

    @property
    def queries(self) -> int:
        """Width of all heads' queries."""
        return self.heads * self.head_size

    @property
    def keys(self) -> int:
        """Width of all heads' keys, and of their values."""
        return self.key_heads * self.head_size

    @property
    def has_head_norms(self) -> bool:
        """Tell whether queries and keys are normed."""
        return self.family.startswith("qwen3")

    @property
    def embedding(self) -> int:
        """Weights of the embedding, and of the head."""
        return self.vocabulary * self.hidden

    @property
    def root(self) -> int:
        """Weights outside the blocks."""
        return self.embedding * (1 if self.tied else 2) + self.hidden

    @property
    def sparse_layers(self) -> int:
        """Blocks with experts."""
        return self.layers - self.dense_layers

    @property
    def parameters(self) -> int:
        """All weights; tied ones count once."""
        return self.root + self.dense_layers * self.block(sparse=False) + self.sparse_layers * self.block(sparse=True)

    @property
    def largest_block(self) -> int:
        """Weights of the largest block."""
        return max(self.block(sparse=sparse) for sparse in self.kinds())

    def kinds(self) -> Iterator[bool]:
        """Yield the kinds of blocks that there are: with experts, without."""
        if self.sparse_layers:
            yield True
        if self.dense_layers:
            yield False

    def block(self, *, sparse: bool) -> int:
        """Return the weights of one block."""
        return self._attention() + 2 * self.hidden + (self._experts() if sparse else self._mlp())

    def linear_widths(self, targets: Collection[str]) -> int:
        """Return inputs plus outputs of a block's linear layers of these names, of all where none is named.

        An adapter of rank 1 has so many weights. Experts are no linear layers.
        """
        widths = {"q": self.queries, "k": self.keys, "v": self.keys, "o": self.queries}
        if not self.experts:
            widths |= {"gate": self.inner, "up": self.inner, "down": self.inner}
        named = {target.removesuffix("_proj") for target in targets} or widths.keys()
        return sum(self.hidden + width for name, width in widths.items() if name in named)

    def _attention(self) -> int:
        weights = 2 * self.hidden * self.queries + 2 * self.hidden * self.keys
        if self.attention_bias:
            weights += self.queries + 2 * self.keys + (0 if self.family == "qwen2" else self.hidden)
        if self.has_head_norms:
            weights += 2 * self.head_size
        return weights + (self.heads if self.family == "gpt_oss" else 0)  # a sink per head

    def _mlp(self) -> int:
        return 3 * self.hidden * self.inner + (2 * self.inner + self.hidden if self.mlp_bias else 0)

    def _experts(self) -> int:
        each = 3 * self.hidden * self.expert_inner
        if self.family == "gpt_oss":
            return self.experts * (each + 2 * self.expert_inner + self.hidden + self.hidden + 1)
        return self.experts * (each + self.hidden)


def shape_of(settings: Mapping[str, Any]) -> Shape | None:
    """Return the shape that a config.json describes, None where its family or a size is not known."""
    family = settings.get("model_type")
    sizes = {
        name: settings.get(name) for name in ("num_hidden_layers", "hidden_size", "vocab_size", "num_attention_heads")
    }
    if family not in FAMILIES or not all(isinstance(size, int) and size > 0 for size in sizes.values()):
        return None
    layers, hidden, vocabulary, heads = (int(size or 0) for size in sizes.values())
    experts = _whole(settings, "num_experts") or _whole(settings, "num_local_experts")
    kinds = settings.get("layer_types")
    windowed = sum(kind == "sliding_attention" for kind in kinds) if isinstance(kinds, list) else 0
    return Shape(
        family=str(family),
        layers=layers,
        hidden=hidden,
        vocabulary=vocabulary,
        heads=heads,
        key_heads=_whole(settings, "num_key_value_heads") or heads,
        head_size=_whole(settings, "head_dim") or HEAD_SIZES.get(str(family), hidden // heads),
        inner=_whole(settings, "intermediate_size"),
        experts=experts,
        active=_whole(settings, "num_experts_per_tok") if experts else 0,
        expert_inner=_whole(settings, "moe_intermediate_size")
        or (_whole(settings, "intermediate_size") if experts else 0),
        dense_layers=_dense(settings, layers) if experts else layers,
        tied=bool(settings.get("tie_word_embeddings")),
        attention_bias=family == "qwen2" or bool(settings.get("attention_bias", family == "gpt_oss")),
        mlp_bias=bool(settings.get("mlp_bias", False)),
        window=_whole(settings, "sliding_window") if windowed else 0,
        windowed_layers=windowed,
    )


def _whole(settings: Mapping[str, Any], name: str) -> int:
    value = settings.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _dense(settings: Mapping[str, Any], layers: int) -> int:
    """Return how many blocks of a model with experts have none."""
    step = _whole(settings, "decoder_sparse_step") or 1
    only = settings.get("mlp_only_layers") or []
    return sum(index in only or (index + 1) % step != 0 for index in range(layers))
