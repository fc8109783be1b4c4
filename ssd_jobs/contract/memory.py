"""How much memory and disk an experiment needs, by sums over the model's shape; nothing is measured here.

Pure, and for both sides: `ssd plan` prints it where config.json is on this machine, `prepare` says it in its result.
Counted are the bytes that torch allocates, not what its allocator and the driver keep beside them.

What training holds on each GPU at its peak, with e bytes per computed number (2 in bfloat16), m per master weight (4)
and T tokens in the largest pack, of a model that is shared out over all GPUs:

* states: master weights and, of those that are trained, gradients and two moments, each m bytes, shared out;
* gathered: embedding, head and two blocks in e bytes, on a single GPU all weights;
* kept: what the blocks keep of T tokens for the backward pass;
* on top: either the head's gradient in float32 and the logits of one chunk, or one block computed again and its
  gradients, whichever is more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from ssd_jobs.contract.base import Model
from ssd_jobs.contract.model_shape import Shape
from ssd_jobs.contract.training import Lora

__all__ = [
    "LOSS_ROWS",
    "Hardware",
    "TrainNeeds",
    "cache_bytes",
    "disk_bytes",
    "fits",
    "least",
    "smallest_change",
    "train_needs",
]

LOSS_ROWS: Final = 2048
"""Loss tokens whose logits exist at a time on a GPU."""
COMPUTED: Final = {"BFloat16": 2, "Float32": 4, "Float64": 8}
LARGEST_GPU: Final = 288 * 10**9
"""No GPU has more, whatever the cluster has."""
SPARE: Final = 0.92
"""Share of a GPU that torch can allocate: the rest is the driver's, the collectives' and the allocator's."""
MOST_GPUS: Final = 1024
SPARED_RANK: Final = 16
FULL: Final = " with training.activationCheckpointing Full"


class Hardware(Model):
    """What an experiment is to run on, as far as its memory depends on it."""

    train_gpus: Annotated[int, Field(ge=0)]
    """GPUs that train together; 0 trains on the CPU, and without a candidate nothing is trained."""
    gpu_bytes: Annotated[int, Field(ge=0)]
    """Memory of each GPU; 0 where nobody has said it."""
    activation_checkpointing: Literal["None", "Selective", "Full"]
    fused: bool
    """Whether norms, SwiGLU, rotary positions and the loss are one kernel each, which keep less."""
    compute_dtype: Literal["BFloat16", "Float32", "Float64"]
    pack_tokens: Annotated[int, Field(ge=1)]
    """The longest pack."""
    lora: Lora | None
    checkpoints: Annotated[int, Field(ge=1)]
    """How many are kept."""
    exports: Annotated[int, Field(ge=1)]
    """How many models are written."""


@dataclass(frozen=True)
class TrainNeeds:
    """Bytes on each GPU, or on the CPU."""

    states: int
    gathered: int
    kept: int
    on_top: int

    @property
    def peak(self) -> int:
        """Return what is needed when a pack is as long as it may be."""
        return self.states + self.gathered + self.kept + self.on_top


@dataclass(frozen=True)
class _Sizes:
    """The two widths of numbers, in bytes."""

    computed: int
    master: int

    @classmethod
    def of(cls, hardware: Hardware) -> Self:
        computed = COMPUTED[hardware.compute_dtype]
        return cls(computed, max(computed, 4))


def train_needs(shape: Shape, hardware: Hardware) -> TrainNeeds:
    """Return what training needs at its peak."""
    sizes, gpus, tokens = _Sizes.of(hardware), max(1, hardware.train_gpus), hardware.pack_tokens
    adapters = _adapters(shape, hardware.lora)
    trained = adapters or shape.parameters
    frozen = shape.parameters if adapters else 0
    sharded = gpus > 1 or sizes.computed != sizes.master
    return TrainNeeds(
        states=sizes.master * (frozen + 4 * trained) // gpus,
        gathered=sizes.computed * _gathered(shape, gpus) if sharded else 0,
        kept=tokens * sum(count * _kept(shape, sparse, hardware) for sparse, count in _blocks(shape)),
        on_top=max(
            _head(shape, tokens, sizes, fused=hardware.fused, trains_head=not adapters),
            _backward(shape, hardware, sharded=sharded, trains_all=not adapters),
        ),
    )


def cache_bytes(shape: Shape, tokens: int) -> int:
    """Return what an engine remembers of one sequence, in bfloat16: keys and values of every block."""
    full = shape.layers - shape.windowed_layers
    return 2 * 2 * shape.keys * (full * tokens + shape.windowed_layers * min(tokens, shape.window or tokens))


def disk_bytes(shape: Shape, hardware: Hardware, *, base: int) -> int:
    """Return what base model, checkpoints (one more is being written) and exported models take."""
    master = _Sizes.of(hardware).master
    trained = _adapters(shape, hardware.lora) or shape.parameters
    return base + (hardware.checkpoints + 1) * 3 * master * trained + hardware.exports * 2 * shape.parameters


def fits(needed: int, gpu_bytes: int) -> bool:
    """Tell whether so much can be allocated on a GPU; one whose memory nobody has said is as large as any."""
    return needed <= SPARE * (gpu_bytes or LARGEST_GPU)


def least(shape: Shape, hardware: Hardware) -> int:
    """Return what each GPU must have for training even where every document is short."""
    return train_needs(shape, hardware.model_copy(update={"pack_tokens": 1})).peak


def smallest_change(shape: Shape, hardware: Hardware) -> str:
    """Return what lets the longest pack fit as well: more GPUs, or adapters; empty where neither does."""
    spared = {"lora": Lora(rank=SPARED_RANK, alpha=1.0, targets=())}
    adapted = _holds(shape, hardware, spared) if hardware.lora is None else None
    lora = "" if adapted is None else f"training.lora.rank {SPARED_RANK}{adapted}"
    return ", or ".join(filter(None, (_more_gpus(shape, hardware), lora)))


def _more_gpus(shape: Shape, hardware: Hardware) -> str:
    """Return the smallest power of two of GPUs on which a training fits, in words; empty where none does."""
    for count in (2**power for power in range(MOST_GPUS.bit_length())):
        held = _holds(shape, hardware, {"train_gpus": count}) if count > hardware.train_gpus else None
        if held is not None:
            return f"{count} GPUs (training.nodes x training.gpusPerNode){held}"
    return ""


def _holds(shape: Shape, hardware: Hardware, changes: Mapping[str, object]) -> str | None:
    """Return what a training needs besides a change in order to fit, "" for nothing; None where it does not fit."""
    for words, more in (("", {}), (FULL, {"activation_checkpointing": "Full"})):
        changed = hardware.model_copy(update={**changes, **more})
        if fits(train_needs(shape, changed).peak, hardware.gpu_bytes):
            return words
    return None


def _adapters(shape: Shape, lora: Lora | None) -> int:
    """Return the weights of the adapters, 0 where all weights are trained."""
    return 0 if lora is None else lora.rank * shape.layers * shape.linear_widths(lora.targets)


def _blocks(shape: Shape) -> tuple[tuple[bool, int], ...]:
    """Return the kinds of blocks, with experts and without, and how many there are of each."""
    return ((True, shape.sparse_layers), (False, shape.dense_layers))


def _gathered(shape: Shape, gpus: int) -> int:
    """Return how many weights a GPU has whole at a time; one alone lets go of none before a step's end."""
    return shape.parameters if gpus == 1 else shape.root + 2 * shape.largest_block


def _kept(shape: Shape, sparse: bool, hardware: Hardware) -> int:
    """Return what a block keeps of one token until the backward pass."""
    policy, computed = hardware.activation_checkpointing, _Sizes.of(hardware).computed
    if policy == "None":
        return _everything(shape, sparse, computed, fused=hardware.fused)
    block_input = computed * shape.hidden
    if policy == "Full":
        return block_input
    products = shape.queries + shape.keys + (shape.experts if sparse else shape.inner + shape.hidden)
    attended = computed * shape.queries + 4 * shape.heads
    return block_input + computed * products + attended


def _everything(shape: Shape, sparse: bool, computed: int, *, fused: bool) -> int:
    """Return what a block keeps of one token when nothing is computed again: the inputs of every operation.

    A norm keeps its input in float32 and its result; a projection its input; attention queries, keys, values, its
    result and a float32 per head; the gate keeps what it multiplies. A fused norm keeps its input as it is, which no
    one else keeps then; a fused gate keeps two halves, where torch keeps SiLU's result as well.
    """
    norm = 2 * computed if fused else 4 + computed
    widths = 2 * norm * shape.hidden + (0 if fused else 2 * computed * shape.hidden)
    if shape.has_head_norms:
        widths += (computed if fused else norm) * (shape.queries + shape.keys)
    widths += computed * (2 * shape.queries + 2 * shape.keys) + 4 * shape.heads
    if not sparse:
        return widths + (3 if fused else 4) * computed * shape.inner
    gated = 7 if shape.family == "gpt_oss" else 4  # gpt-oss clamps both halves and shifts one
    return widths + 6 * shape.experts + shape.active * computed * (3 * shape.hidden + gated * shape.expert_inner)


def _head(shape: Shape, tokens: int, sizes: _Sizes, *, fused: bool, trains_head: bool) -> int:
    """Return what the loss needs: the head's gradient, one chunk of logits, and hidden states with their gradient."""
    precise = max(4, sizes.computed)
    gradient = precise * shape.embedding if trains_head else 0
    chunk = min(LOSS_ROWS, tokens) * shape.vocabulary * (sizes.computed if fused else precise + sizes.computed)
    return gradient + chunk + tokens * shape.hidden * (4 + 4 * sizes.computed)


def _backward(shape: Shape, hardware: Hardware, *, sharded: bool, trains_all: bool) -> int:
    """Return what the backward pass of one block needs besides what was kept."""
    sizes, again = _Sizes.of(hardware), 0
    if hardware.activation_checkpointing != "None":
        again = max(_everything(shape, sparse, sizes.computed, fused=hardware.fused) for sparse in shape.kinds())
    gradients = (sizes.computed + sizes.master) * shape.largest_block if sharded and trains_all else 0
    head = sizes.computed * shape.embedding if trains_all else 0
    return hardware.pack_tokens * (again + sizes.computed * shape.hidden) + gradients + head
