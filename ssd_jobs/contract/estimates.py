"""What an experiment needs, in sentences: for `ssd plan`, for the log of `prepare`, and why something cannot fit."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ssd_jobs.contract import memory
from ssd_jobs.contract.demands import Demands
from ssd_jobs.contract.memory import Hardware
from ssd_jobs.contract.model_shape import Shape, shape_of

__all__ = ["UNKNOWN", "excesses", "sentences"]

UNKNOWN: Final = "memory and disk: unknown until prepare, which reads the model's config.json"
ASSUMED: Final = 80 * 10**9
"""A GPU of this size is spoken of where nobody has said which there are."""
KIND: Final = "estimated"


def sentences(
    settings: Mapping[str, Any], demands: Demands, gpus: Mapping[str, int], hardware: Hardware, *, base: int = 0
) -> Iterator[str]:
    """Yield what a model of this config.json needs; `base` is what its weights take on disk, 0 for two bytes each."""
    shape = shape_of(settings)
    if shape is None:
        yield f"memory and disk: not estimated for model_type {settings.get('model_type')}"
        return
    yield (
        f"model: {_count(shape.parameters)} parameters, {shape.layers} layers, "
        f"vocabulary {shape.vocabulary:,} ({shape.family})"
    )
    if demands.trained:
        yield _training(shape, hardware)
    for field, count in gpus.items():
        if count:
            yield _sampling(shape, field, count, _longest(demands, field))
    if demands.trained:
        disk = memory.disk_bytes(shape, hardware, base=base or 2 * shape.parameters)
        yield (
            f"disk: {_gb(disk)}, of it {hardware.checkpoints + 1} checkpoints and {hardware.exports} exported "
            "models, besides samples and reports"
        )
    yield from _warnings(shape, demands, hardware)


def excesses(settings: Mapping[str, Any], demands: Demands, hardware: Hardware) -> Iterator[str]:
    """Yield why a training cannot fit, whatever its documents are, with the smallest change that lets it."""
    shape = shape_of(settings)
    if shape is None or not demands.trained or not hardware.train_gpus:
        return
    needed = memory.least(shape, hardware)
    if not memory.fits(needed, hardware.gpu_bytes):
        yield f"training: {_does_not_fit(shape, hardware, needed)}"


def _training(shape: Shape, hardware: Hardware) -> str:
    needs = memory.train_needs(shape, hardware)
    where = f"on each of {hardware.train_gpus} GPUs" if hardware.train_gpus else "on the CPU"
    return (
        f"train: {_gb(needs.peak)} {where} at most ({KIND}): states {_gb(needs.states)}, gathered "
        f"{_gb(needs.gathered)}, kept of {hardware.pack_tokens:,} tokens {_gb(needs.kept)} with "
        f"activationCheckpointing {hardware.activation_checkpointing}, head and one block {_gb(needs.on_top)}"
    )


def _sampling(shape: Shape, field: str, count: int, longest: int) -> str:
    weights, cache = 2 * shape.parameters, memory.cache_bytes(shape, longest)
    return (
        f"{_section(field)}: weights {_gb(weights / count)} on each of {count} GPUs, and {_gb(cache / count)} of "
        f"cache for one sequence of {longest:,} tokens ({KIND})"
    )


def _warnings(shape: Shape, demands: Demands, hardware: Hardware) -> Iterator[str]:
    """Yield what may not fit: a pack as long as allowed."""
    if not demands.trained or not hardware.train_gpus:
        return
    known = hardware if hardware.gpu_bytes else hardware.model_copy(update={"gpu_bytes": ASSUMED})
    needed = memory.train_needs(shape, known).peak
    if not memory.fits(needed, known.gpu_bytes):
        yield f"training may run out of memory: {_does_not_fit(shape, known, needed)}"


def _does_not_fit(shape: Shape, hardware: Hardware, needed: int) -> str:
    size = f"a GPU of {_gb(hardware.gpu_bytes)}" if hardware.gpu_bytes else "any GPU there is"
    change = memory.smallest_change(shape, hardware)
    return (
        f"{_count(shape.parameters)} parameters need {_gb(needed)} on each of {hardware.train_gpus} GPUs, more than "
        f"{size} can allocate; " + (f"use {change}" if change else "lower training.sequenceLength")
    )


def _longest(demands: Demands, field: str) -> int:
    """Return the longest sequence of a part of the spec."""
    section = _section(field)
    return max((each.max_sequence_tokens for each in demands.sequences if each.field.startswith(section)), default=2)


def _section(field: str) -> str:
    """Return the section of the spec that a field stands in."""
    return field.split(".", maxsplit=1)[0]


def _count(parameters: int) -> str:
    return f"{parameters / 1e9:.2f} B" if parameters >= 10**7 else f"{parameters:,}"


def _gb(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**8 else f"{count / 1e6:.1f} MB"
