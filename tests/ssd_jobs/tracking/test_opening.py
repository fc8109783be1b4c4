"""A registered version opens with what people use: MLflow's transformers flavor, transformers, and vLLM."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from configs.report import promotion_of
from processes import ports
from ssd_jobs import contract, tracking
from ssd_jobs.tracking import Candidate, Recorded, runs
from workspaces import reported

SERVE_SECONDS = 400.0


@pytest.fixture(scope="module")
def champion(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The address of a champion with real weights, and the directory that was exported."""
    from tracking.mlflow_server import tracking as fresh

    wanted: contract.Tracking = fresh(mlflow_server)
    client = tracking.connect(mlflow_server)
    experiment = runs.experiment(client, wanted)
    where = Recorded(experiment, runs.parent_run(client, wanted, experiment), "")
    model = reported.tiny_model(tmp_path_factory.mktemp("export") / "model")
    candidate = Candidate(directory=model, path="checkpoints/x/model", digest="d", tags={})
    promotion = promotion_of(wanted.experiment)
    tracking.register(wanted, promotion, candidate, where=where, promote=True, replacing=None, client=client)
    return f"models:/{promotion.registered_model}@champion", model


def test_mlflow_opens_it_as_a_pipeline(champion: tuple[str, Path]) -> None:
    """mlflow.transformers.load_model gives a pipeline with the exported weights and tokenizer, ready to generate."""
    import mlflow
    import torch
    from transformers import AutoModelForCausalLM

    uri, exported = champion
    pipeline = mlflow.transformers.load_model(uri)
    ours = AutoModelForCausalLM.from_pretrained(exported).state_dict()
    assert all(torch.equal(value.cpu(), ours[name]) for name, value in pipeline.model.state_dict().items())
    assert pipeline.tokenizer("hi")["input_ids"]
    assert pipeline("hi", max_new_tokens=3)[0]["generated_text"].startswith("hi")


def test_the_downloaded_directory_is_a_model_of_transformers(champion: tuple[str, Path], tmp_path: Path) -> None:
    """What `mlflow artifacts download` leaves opens with transformers as it is."""
    import mlflow
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = mlflow.artifacts.download_artifacts(champion[0], dst_path=str(tmp_path))
    assert AutoModelForCausalLM.from_pretrained(path).config.vocab_size == 300
    assert AutoTokenizer.from_pretrained(path).eos_token == "</s>"


@pytest.mark.vllm
def test_vllm_serves_the_downloaded_directory(champion: tuple[str, Path], tmp_path: Path) -> None:
    """The server that `vllm serve DIR` starts answers a completion from the downloaded directory.

    It is started as a module: the `vllm` program of the CPU wheel looks up the version of a package named `vllm`, which
    that wheel is not.
    """
    import mlflow

    path = mlflow.artifacts.download_artifacts(champion[0], dst_path=str(tmp_path / "model"))
    port = ports.free_port()
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", f"--model={path}", f"--port={port}"]
    command += [
        "--host=127.0.0.1",
        "--served-model-name=champion",
        "--max-model-len=64",
        "--enforce-eager",
        "--dtype=float32",
    ]
    quiet = {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "TORCHDYNAMO_DISABLE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    with (tmp_path / "log").open("w") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **quiet}, start_new_session=True)
    try:
        answer = _complete(f"http://127.0.0.1:{port}/v1/completions", child, tmp_path / "log")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert answer["choices"][0]["finish_reason"] in ("length", "stop")


def _complete(url: str, child: "subprocess.Popen[bytes]", log: Path) -> dict[str, list[dict[str, str]]]:
    """Return the first answer, or tell why there is none."""
    body = json.dumps({"model": "champion", "prompt": "hi", "max_tokens": 3}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    deadline = time.monotonic() + SERVE_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer: dict[str, list[dict[str, str]]] = json.load(response)
                return answer
        except urllib.error.HTTPError:
            break
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise AssertionError(log.read_text()[-3000:])
