"""The train stage's own loop on a real-shape model: speed, memory, and what a step is made of, arm by arm.

A random Qwen3 of 1.12 B parameters and documents as reasoning models write them. Each arm trains the same few steps;
the first ones warm up, since Triton compiles a kernel again for sizes of another sort, one is profiled, and the others
count. Losses of the first steps are printed so that arms can be
compared. No checkpoint is written: that is measured elsewhere. Compiled blocks are an arm of the part `compiled`.
"""

import gc
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu import kernels, part
from benchmarks.loads import TrainingLoad
from ssd_jobs.contract import TrainConfig, files, memory, model_shape
from ssd_jobs.errors import JobError, first_line
from ssd_jobs.progress.recorder import Progress

__all__ = ["LARGE", "POLICIES", "TINY", "measure", "prepare"]

LARGE = TrainingLoad(
    hidden=2048,
    layers=16,
    heads=16,
    head_size=128,
    vocabulary=151_936,
    sequence=16_384,
    batch=32,
    documents=512,
    median=1024,
    sigma=0.8,
    shortest=64,
    initializer_range=0.02,
)
TINY = TrainingLoad(
    hidden=32,
    layers=2,
    heads=4,
    head_size=8,
    vocabulary=97,
    sequence=64,
    batch=2,
    documents=24,
    median=8,
    sigma=0.8,
    shortest=4,
    initializer_range=0.2,
)
POLICIES = ("None", "Selective", "Full")
WARM_UP = 6
PROFILED = 9
"""The step whose kernels are listed; it does not count for the rates."""
FIRST_STEP_S = 120.0
"""How long an arm may take to its first step: compilers can take longer than they are worth."""


@dataclass(frozen=True)
class Arm:
    """What is set for one run."""

    name: str
    execution: dict[str, Any]


def arms() -> list[Arm]:
    """Return the arms: every policy with fused kernels, and without."""
    plain = [Arm(policy, {"activation_checkpointing": policy}) for policy in POLICIES]
    return [Arm(f"{arm.name}, fused", arm.execution | {"kernels": "Fused"}) for arm in plain] + plain


def compiled() -> list[Arm]:
    """Return the arms with compiled blocks."""
    return [Arm("None, compiled", {"activation_checkpointing": "None", "compile": True})]


def measure(of: part.Part, chosen: list[Arm] | None = None) -> None:
    """Run the arms one after the other."""
    load = TINY if of.tiny else LARGE
    prepare(of.folder, load, gpus=of.gpus)
    results: dict[str, Any] = {}
    for arm in chosen or arms():
        config = load.config(of.folder, compute=of.compute, gpus=of.gpus, execution=arm.execution)
        try:
            results[arm.name] = run(config, of.folder / "trace.json")
        except (JobError, TimeoutError, RuntimeError) as error:
            results[arm.name] = {"failed": first_line(error)}
        of.add("arms", results)
        gc.collect()


def prepare(folder: Path, load: TrainingLoad, *, gpus: int) -> None:
    """Write model and documents where they are not yet."""
    if not (folder / "models/base" / files.MODEL_CONFIG).exists():
        load.write_model(folder / "models/base", device="cuda" if gpus else "cpu", dtype="bfloat16")
    if not (folder / "documents.json").exists():
        load.write_documents(folder)


class StepRecord(Progress):
    """Keeps what the loop says of each step, and profiles one on a GPU: progress is reported between two steps."""

    def __init__(self, trace: Path | None) -> None:
        super().__init__()
        self.rows: list[dict[str, float]] = []
        self._trace = trace
        self._profiler: Any = None

    def update(self, *, done: float, total: float, unit: str, **values: float) -> None:
        """Note one step."""
        super().update(done=done, total=total, unit=unit, **values)
        self.rows.append(values)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._trace is not None and done == PROFILED - 1:
            self._profiler = _profiler()
            self._profiler.start()
        elif self._trace is not None and done == PROFILED:
            self._profiler.stop()
            self._profiler.export_chrome_trace(str(self._trace))

    @property
    def counted(self) -> list[dict[str, float]]:
        """Steps that are neither the first nor the profiled one, nor the one after it."""
        return [row for step, row in enumerate(self.rows, 1) if step > WARM_UP and step not in (PROFILED, PROFILED + 1)]


def _profiler() -> Any:
    """Return a profiler of what runs on the GPU alone, which a step hardly feels."""
    from torch.profiler import ProfilerActivity, profile

    return profile(activities=[ProfilerActivity.CUDA])


def run(config: TrainConfig, trace: Path) -> dict[str, Any]:
    """Train with the stage's own parts, and return what was seen."""
    import torch

    from ssd_jobs.stages.train import ranks

    cuda = config.execution.gpus_per_node > 0
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    record, begun = StepRecord(trace if cuda else None), time.monotonic()
    with ranks.alone(gpus=config.execution.gpus_per_node) as place, first_step_within(FIRST_STEP_S):
        load_s, pack_tokens = _train(config, place, record)
    return {
        "seconds": round(time.monotonic() - begun, 1),
        **_speed(record, load_s),
        "losses": [round(row["loss"], 5) for row in record.rows[:3]],
        **_memory(config, pack_tokens, cuda=cuda),
        "step": kernels.summary(trace, record.rows[PROFILED - 1]["step_s"]) if cuda else {},
    }


def _train(config: TrainConfig, place: Any, record: StepRecord) -> tuple[float, int]:
    """Load the model and run the loop; return the seconds of the first and the largest pack's budget."""
    from ssd_jobs import artifacts
    from ssd_jobs.stages.train import corpus, model, observer, optimizer
    from ssd_jobs.stages.train.budget import PackBudget
    from ssd_jobs.stages.train.checkpoint import Checkpoints
    from ssd_jobs.stages.train.loop import Trainer, TrainState
    from ssd_jobs.stages.train.metrics import TrainingMetrics

    class Forgetful(Checkpoints):
        """Writes nothing."""

        def start(self, step: int, state: Any, facts: dict[str, Any]) -> None:
            """Do not begin a checkpoint."""

    workspace, science, stop = Path(config.workspace), config.science, threading.Event()
    data = corpus.load(
        artifacts.open_artifact(workspace / config.records),
        steps=science.steps,
        global_batch_size=science.global_batch_size,
        sequence_length=science.sequence_length,
    )
    budget = PackBudget.of(
        asked=config.execution.pack_tokens,
        longest=int(data.lengths.max()),
        sequence_length=science.sequence_length,
        directory=workspace / "no-attempt-before",
    )
    begun = time.monotonic()
    trainee = model.load(workspace / config.model, model.ModelSettings.of(config), place)
    load_s = time.monotonic() - begun
    state = TrainState(trainee, optimizer.build(trainee, science), {})
    with observer.observing(config, place, record, stop) as watching:
        Trainer(
            config=config,
            ranks=place,
            corpus=data,
            budget=budget,
            state=state,
            checkpoints=Forgetful(workspace / "no-checkpoints", place, keep=1),
            metrics=TrainingMetrics(workspace / "no-metrics"),
            observer=watching,
            stop=stop,
        ).run(0)
    return load_s, budget.tokens


def _speed(record: StepRecord, load_s: float) -> dict[str, Any]:
    """Return rates over the steps that count."""
    rows = record.counted
    seconds = sum(row["step_s"] for row in rows)
    rates: dict[str, float] = {
        "tokens_per_s": round(sum(row["tokens_per_s"] * row["step_s"] for row in rows) / seconds)
    }
    if "mfu" in rows[0]:
        rates["mfu"] = round(sum(row["mfu"] * row["step_s"] for row in rows) / seconds, 4)
        rates["best_mfu"] = round(max(row["mfu"] for row in rows), 4)
    return {
        **rates,
        "steps": len(rows),
        "step_s": [round(row["step_s"], 3) for row in record.rows],
        "data_wait": round(sum(row["data_wait_s"] for row in rows) / seconds, 4),
        "load_s": round(load_s, 1),
    }


def _memory(config: TrainConfig, pack_tokens: int, *, cuda: bool) -> dict[str, Any]:
    """Return in GB what was allocated and reserved at most, and what the contract estimates."""
    import torch

    settings = _settings(Path(config.workspace) / config.model)
    shape = model_shape.shape_of(settings)
    assert shape is not None
    hardware = memory.Hardware(
        train_gpus=config.execution.gpus_per_node,
        gpu_bytes=0,
        activation_checkpointing=config.execution.activation_checkpointing,
        fused=config.execution.kernels == "Fused",
        compute_dtype=config.science.compute_dtype,
        pack_tokens=pack_tokens,
        lora=None,
        checkpoints=1,
        exports=1,
    )
    sizes = {"estimated_gb": memory.train_needs(shape, hardware).peak}
    if cuda:
        sizes["allocated_gb"] = torch.cuda.max_memory_allocated()
        sizes["reserved_gb"] = torch.cuda.max_memory_reserved()
    return {name: round(size / 1e9, 2) for name, size in sizes.items()}


def _settings(model: Path) -> dict[str, Any]:
    """Return a model's config.json."""
    found: dict[str, Any] = json.loads((model / files.MODEL_CONFIG).read_text())
    return found


@contextmanager
def first_step_within(seconds: float) -> Iterator[None]:
    """Raise in this thread where the first step takes longer; a step that was done ends the clock."""

    def too_long(_number: int, _frame: object) -> None:
        raise TimeoutError(f"no first step within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    part.main(measure)
