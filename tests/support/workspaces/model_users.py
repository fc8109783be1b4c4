"""A small workspace with a base model and a candidate, and every stage that opens one of them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from configs.analyze import analyze_config
from configs.curate import curate_config
from configs.generate import generate_config
from configs.parts import DECODE, TOY, TRANSFORMERS, engine
from configs.prepare import prepare_config
from configs.report import report_config
from configs.sample import sample_config
from configs.train import train_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.stages.analyze import stage as analyze
from ssd_jobs.stages.curate import stage as curate
from ssd_jobs.stages.generate import stage as generate
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.stages.report import stage as report
from ssd_jobs.stages.sample import stage as sample
from ssd_jobs.stages.train import stage as train
from workspaces import analyzed, sampling
from workspaces.provenance import EMPTY

BASE = "models/base"
CANDIDATE = "checkpoints/c/model"
TRACKING = contract.Tracking(uri="", experiment="users", run_key="k", run_name="n")


def workspace(root: Path) -> Path:
    """Write everything that the stages below read."""
    sampling.toy_workspace(root, limit=4)
    sampling.write_samples(root, [sampling.sample_row("toy/0")])
    with artifacts.Output(path=root / "checkpoints/c", stage="train", name="train", key="e" * 64).claim() as draft:
        manifest = artifacts.open_artifact(root / BASE).manifest
        (draft.path / "model").mkdir()
        for name in manifest.files:
            shutil.copyfile(root / BASE / name, draft.path / "model" / name)
        draft.write_text(files.METRICS, "")
        draft.finish(EMPTY)
    with artifacts.Output(path=root / "records/plan", stage="curate", name="curate", key="b" * 64).claim() as draft:
        row = {"problem_id": "p", "sample_index": 0, "finished": True, "logprob_sum": float("nan")}
        row |= {"record_id": 0, "token_ids": [1, 5, 7, 2], "prompt_length": 2}
        draft.write_table(files.RECORDS, tables.RECORDS, tables.table(tables.RECORDS, [row]))
        plan = tables.table(tables.BATCHES, [{"step": 1, "record_ids": [0]}])
        draft.write_table(files.BATCHES, tables.BATCHES, plan)
        draft.finish(EMPTY)
    for arm in analyzed.ARMS:
        analyzed.write(root, arm, [analyzed.answer("toy/0", 0, [7, 8, 2])])
    return root


def one_step(root: Path) -> contract.TrainConfig:
    """Return a training of one step."""
    return train_config(root, output="checkpoints/never", steps=1, global_batch_size=1, warmup_steps=0)


def _sample(root: Path, used: contract.EngineConfig = TRANSFORMERS) -> object:
    return sample.run(sample_config(root, output="samples/never", engine=used), sampling.context(root))


def generate_candidate(root: Path, *names: str) -> object:
    """Generate at settings of these names."""
    decodes = dict.fromkeys(names, DECODE)
    config = generate_config(root, decodes, arm="Candidate", model=CANDIDATE, prompts="problems/pool")
    return generate.run(config, sampling.context(root))


def _curate(root: Path) -> object:
    return curate.run(curate_config(root), sampling.context(root))


def _train(root: Path) -> object:
    return train.run(one_step(root), sampling.context(root))


def _analyze(root: Path) -> object:
    config = analyze_config(root, problems=1, temperatures=(1.0,), candidate=CANDIDATE, output="reports/never")
    return analyze.run(config, sampling.context(root))


def _report(root: Path) -> object:
    config = report_config(root, TRACKING, candidate=CANDIDATE, benchmarks=(), artifacts=(), output="reports/never")

    def away(_uri: str) -> Any:
        raise AssertionError("MLflow was asked")

    return report.run(config, sampling.context(root), connect=away)


def _prepare(root: Path) -> object:
    return prepare.run(prepare_config(root, limit=4), sampling.context(root))


def _prepare_more(root: Path) -> object:
    config = prepare_config(root, limit=4, benchmarks={"more": TOY}, output="problems/never")
    return prepare.run(config, sampling.context(root))


User = Callable[[Path], object]
USERS: dict[str, tuple[User, str]] = {
    "prepare that finds everything": (_prepare, BASE),
    "prepare that finds the model": (_prepare_more, BASE),
    "sample": (_sample, BASE),
    "sample with vLLM": (lambda root: _sample(root, engine("VLLM")), BASE),
    "curate": (_curate, BASE),
    "train": (_train, BASE),
    "generate": (lambda root: generate_candidate(root, "never"), CANDIDATE),
    "analyze, its base": (_analyze, BASE),
    "analyze, its candidate": (_analyze, CANDIDATE),
    "report": (_report, CANDIDATE),
}
"""Every stage that opens a model, and the model."""
