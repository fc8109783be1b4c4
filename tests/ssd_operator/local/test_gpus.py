"""The GPUs that may be used are those that the driver lists and `CUDA_VISIBLE_DEVICES` leaves."""

from pathlib import Path

import pytest

from ssd_operator.local import gpus

LISTED = """\
0, GPU-aa11, 570.86.10, 81559, NVIDIA H100 80GB HBM3
1, GPU-bb22, 570.86.10, 81559, NVIDIA H100 80GB HBM3
2, GPU-cc33, 570.86.10, 15360, Tesla T4
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of nvidia-smi, which lists three GPUs of two kinds."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{LISTED}END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


@pytest.mark.parametrize(
    ("variable", "visible"),
    [
        (None, [0, 1, 2]),
        ("0,1", [0, 1]),
        ("2", [2]),
        ("GPU-bb, 0", [1, 0]),
        ("", []),
        ("-1", []),
        ("1,7,0", [1]),
        ("GPU-", []),
        ("0,0", [0]),
    ],
)
@pytest.mark.usefixtures("driver")
def test_what_a_variable_names_is_what_may_be_used(variable: str | None, visible: list[int]) -> None:
    """By index or by the beginning of an identity that means one GPU, up to the first that is not there."""
    environ = {} if variable is None else {"CUDA_VISIBLE_DEVICES": variable}
    assert [gpu.index for gpu in gpus.look(environ).gpus] == visible


@pytest.mark.usefixtures("driver")
def test_two_kinds_are_named_with_a_way_to_choose_one() -> None:
    """The sentence's own remedy leaves GPUs of one kind."""
    mixed = gpus.look({}).mixed
    assert mixed == (
        "this machine has NVIDIA H100 80GB HBM3 (0,1) and Tesla T4 (2); choose GPUs of one kind: "
        "CUDA_VISIBLE_DEVICES=0,1"
    )
    assert gpus.look({"CUDA_VISIBLE_DEVICES": mixed.rpartition("=")[2]}).mixed == ""


def test_a_driver_that_fails_is_no_machine_without_one(driver: Path) -> None:
    """What nvidia-smi says is passed on; without the program there are no GPUs and no trouble."""
    driver.write_text("#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'\nexit 18\n")
    found = gpus.look({})
    assert not found.gpus
    assert found.trouble.startswith("nvidia-smi failed: Failed to initialize NVML: Driver/library version mismatch;")
    driver.unlink()
    assert gpus.look({}) == gpus.GpuList()
