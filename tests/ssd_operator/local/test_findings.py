"""What is said of a machine follows from what was found there."""

from pathlib import Path

import pytest

from ssd_jobs.contract import Software
from ssd_operator.errors import InvalidInput
from ssd_operator.local.findings import findings, line
from ssd_operator.local.gpus import Gpu, GpuList
from ssd_operator.local.inspection import Inspection

WORKING = Software(
    torch="2.13.0+cu130",
    transformers="5.19.0",
    vllm="vllm 0.32.0",
    fused=(),
    builds_kernels=True,
    memory_mb=131_072,
    sandbox=("Landlock 7", "seccomp"),
    weakness="",
    attention="varlen",
    gpu_trouble="",
    collectives="works",
)
H100 = [Gpu(index, f"GPU-{index}", "570.86.10", 81_559, "NVIDIA H100") for index in range(2)]
T4 = Gpu(2, "GPU-2", "570.86.10", 15_360, "Tesla T4")


def seen(place: Path, *, gpus: list[Gpu] | None = None, trouble: str = "", **changed: object) -> Inspection:
    """Return an inspection of a machine with two GPUs where everything works but what is named."""
    listed = GpuList(tuple(H100 if gpus is None else gpus), trouble)
    return Inspection(WORKING.model_copy(update=changed), listed, place)


def missing(inspection: Inspection) -> dict[str, str]:
    """Return what is missing, by subject."""
    return {each.subject: each.text for each in findings(inspection) if each.state == "missing"}


def test_a_machine_where_all_works_misses_nothing(tmp_path: Path) -> None:
    """With GPUs as without them, and the line names what is used."""
    assert missing(seen(tmp_path)) == {}
    assert missing(seen(tmp_path, gpus=[])) == {}
    assert line(seen(tmp_path)).startswith("2 x NVIDIA H100, ")
    assert line(seen(tmp_path, gpus=[])).startswith("CPU, ")
    assert "missing" not in line(seen(tmp_path))


@pytest.mark.parametrize(
    ("inspection", "subject", "said"),
    [
        ({"torch": ""}, "torch", "make setup ACCELERATOR=cuda"),
        ({"torch": "", "gpus": []}, "torch", "ssd-operator[worker]"),
        ({"gpu_trouble": "the driver is too old"}, "GPU", "the driver is too old"),
        ({"gpus": [*H100, T4]}, "GPU", "choose GPUs of one kind: CUDA_VISIBLE_DEVICES=0,1"),
        ({"gpus": [], "trouble": "nvidia-smi failed"}, "GPU", "nvidia-smi failed"),
        ({"collectives": "failed: unhandled system error"}, "NCCL", "unhandled system error"),
        ({"builds_kernels": False}, "compiler", "apt-get install gcc python3-dev"),
        ({"weakness": "no system call filter"}, "sandbox", "evaluation.allowWeakIsolation"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(
    tmp_path: Path, inspection: dict[str, object], subject: str, said: str
) -> None:
    """It is one finding and stands in the line of `ssd run`, too."""
    looked = seen(tmp_path, **inspection)  # type: ignore[arg-type]
    assert list(missing(looked)) == [subject]
    assert said in missing(looked)[subject]
    assert missing(looked)[subject] in line(looked)


def test_an_experiment_on_gpus_is_refused_for_their_trouble_only(tmp_path: Path) -> None:
    """A weak sandbox or a missing engine is no matter of the GPUs."""
    seen(tmp_path, weakness="none", vllm="").require_gpus()
    with pytest.raises(InvalidInput, match="GPU: this machine has NVIDIA H100 "):
        seen(tmp_path, gpus=[*H100, T4]).require_gpus()


def test_a_machine_without_vllm_is_good_enough(tmp_path: Path) -> None:
    """It samples with transformers, and the finding says so."""
    looked = seen(tmp_path, vllm="")
    assert missing(looked) == {}
    assert any(each.state == "none" and "must be Transformers" in each.text for each in findings(looked))


def test_a_directory_that_is_not_there_yet_is_looked_for_above(tmp_path: Path) -> None:
    """The disk is the one that it will be on."""
    assert any(
        str(tmp_path) in each.text for each in findings(seen(tmp_path / "not" / "yet")) if each.subject == "disk"
    )
