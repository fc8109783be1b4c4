"""What torch says of GPUs is passed on as a sentence that helps."""

import pytest
import torch

from ssd_jobs.commands import machine

TOO_OLD = (
    "The NVIDIA driver on your system is too old (found version 12020). Please update your GPU driver by downloading "
    "and installing a new version from the URL: http://www.nvidia.com/Download/index.aspx"
)


def refuse(sentence: str) -> None:
    """Be `torch.cuda.init` on a machine where it fails."""
    raise RuntimeError(sentence)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (TOO_OLD, "the driver is too old for torch {version}, which is built for CUDA 13.0; install a newer driver"),
        (
            "no CUDA-capable device is detected",
            "torch {version} cannot use the GPUs: no CUDA-capable device is detected",
        ),
    ],
)
def test_why_torch_cannot_use_the_gpus(said: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old driver is named with what torch was built for; anything else is torch's own first line."""
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "init", lambda: refuse(said))
    found = machine.survey(gpus=True, collectives=True)
    assert found.gpu_trouble == told.format(version=torch.__version__)
    assert (found.attention, found.collectives) == ("each", "")


def test_a_build_for_cpus_is_named_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the build that has to be replaced."""
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "is built for CPUs; install the GPU build" in machine.survey(gpus=True, collectives=False).gpu_trouble


def test_nobody_asks_torch_where_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing it costs seconds of every `ssd run`."""
    monkeypatch.setattr(torch.cuda, "init", lambda: refuse("asked"))
    found = machine.survey(gpus=False, collectives=False)
    assert (found.gpu_trouble, found.weakness) == ("", "")
    assert found.torch
