"""A command asks only for what it needs, and names the extra that brings what is missing."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
SSD = Path(sys.executable).parent / "ssd"
TOY = str(ROOT / "examples" / "toy" / "selfdistill.yaml")
CLUSTER = ("kubernetes", "kopf", "prometheus_client")

WITHOUT_A_MODEL = """
apiVersion: selfdistill.dev/v1alpha1
kind: SelfDistillation
metadata: {name: small}
spec:
  preset: toy
  model: {source: {path: nowhere}}
  storage: {claimName: unused}
"""

Ssd = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ssd(tmp_path: Path) -> Ssd:
    """Run `ssd`, and whatever it starts, on a machine where some libraries are not installed."""

    def run(*arguments: str, missing: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        startup = tmp_path / "startup"
        startup.mkdir(exist_ok=True)
        (startup / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({missing}))\n")
        return subprocess.run(
            [SSD, *arguments],
            env={**os.environ, "PYTHONPATH": str(startup)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("arguments", [("--help",), ("plan", TOY), ("presets",), ("manifests", TOY)])
def test_no_cluster_needs_no_client_of_one(arguments: tuple[str, ...], ssd: Ssd) -> None:
    """What runs on one machine or only prints works without kubernetes, kopf and prometheus_client."""
    done = ssd(*arguments, missing=CLUSTER)
    assert done.returncode == 0, done.stderr


def test_a_run_on_this_machine_needs_no_client_of_a_cluster(ssd: Ssd, tmp_path: Path) -> None:
    """`ssd run` starts its stages and takes their answer: here prepare's, that there is no such model."""
    (tmp_path / "small.yaml").write_text(WITHOUT_A_MODEL)
    done = ssd("run", "small.yaml", missing=CLUSTER)
    assert done.returncode == 1, done.stderr
    assert "prepare failed" in done.stdout
    assert "nowhere" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "missing", "extra"),
    [
        pytest.param(("status", "toy", "--kubeconfig", TOY), "kubernetes", "operator", id="cluster"),
        pytest.param(("run", TOY), "torch", "worker", id="run"),
        pytest.param(("toy",), "numpy", "worker", id="toy"),
        pytest.param(("toy", "--plot", "x.png"), "matplotlib", "worker", id="plot"),
        pytest.param(("compare", "report"), "matplotlib", "worker", id="compare"),
        pytest.param(("power", TOY, "--prior", "one=80x30"), "numpy", "worker", id="power"),
        pytest.param(("rollback", "m", "--mlflow", "http://127.0.0.1:1"), "mlflow", "worker", id="rollback"),
        pytest.param(
            ("promote", "m", "1", "--reason", "r", "--mlflow", "http://127.0.0.1:1"), "mlflow", "worker", id="promote"
        ),
        pytest.param(("--help",), "typer", "cli", id="typer"),
        pytest.param(("--help",), "rich", "cli", id="rich"),
    ],
)
def test_what_is_missing_is_named_with_the_way_to_install_it(
    arguments: tuple[str, ...], missing: str, extra: str, ssd: Ssd, tmp_path: Path
) -> None:
    """The answer is one sentence and 64, before anything is started."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.json").touch()
    done = ssd(*arguments, missing=(missing,))
    assert done.returncode == 64
    assert done.stderr == f"{missing} is not installed; run: pip install 'ssd-operator[{extra}]'\n"
