"""What a user installs, made of the tree as it is by the functions of `make release`: the wheel and the chart's package."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from cluster import helm
from release import chart, images, packages
from releases.trees import ROOT, copied

__all__ = ["UV", "Installable", "bare_environment", "made"]

UV = ROOT / "build" / "uv" / "bin" / "uv"


@dataclass(frozen=True)
class Installable:
    """The two files, in a folder that has nothing else of the project."""

    wheel: Path
    chart: Path


def made(folder: Path, scratch: Path) -> Installable:
    """Build both into a folder."""
    source = copied(scratch / "source")
    wheel, sdist = packages.build(source, folder, uv=UV)
    sdist.unlink()
    named = images.named(source, helm=Path(helm.HELM))
    return Installable(wheel, chart.package(source, named, folder, helm=Path(helm.HELM)))


def bare_environment(folder: Path, wheel: Path, *, extras: str, lock: str) -> Path:
    """Install the wheel into an environment that has nothing else, in the tested versions; return its programs' folder."""
    tested = ("--constraint", str(ROOT / "requirements" / f"{lock}.txt"))
    subprocess.run([UV, "venv", "--quiet", "env"], cwd=folder, check=True)
    asked = f"ssd-operator[{extras}] @ {wheel.as_uri()}"
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", "env/bin/python", *tested, asked]
    subprocess.run(install, cwd=folder, check=True)
    return folder / "env" / "bin"
