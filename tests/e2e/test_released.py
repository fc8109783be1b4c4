"""What a stranger has: an empty folder, the wheel and the chart. The machine example, on pods, from nothing else."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from node import images, reader
from node.builder import Builder
from node.experiments import Experiment
from node.places import Places
from node.reader import Cluster
from release import images as release_images
from release.images import Image
from releases.installable import Installable, bare_environment
from releases.trees import ROOT
from ssd_operator import __version__

RUN = "machine"
PIN = re.compile(r"^([\w.-]+)(?:\[.*?\])?==(\S+) \\$", re.MULTILINE)
"""A pin of a lock file that holds on every machine: one without a condition behind it."""


def canonical(name: str) -> str:
    """Return a package's name in the one spelling of an index."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Stranger:
    """Who types in a folder that began empty: the wheel's programs come first on the path, then kubectl."""

    def __init__(self, folder: Path, programs: Path, cluster: Cluster) -> None:
        self.folder = folder
        known = cluster.environ()
        self.environ = {**known, "PATH": f"{programs}:{known['PATH']}"}
        self.environ.pop("PYTHONPATH", None)

    def types(self, command: str) -> str:
        """Return what a command prints that shall succeed."""
        done = subprocess.run(
            ["bash", "-ec", command], cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def stranger(installed: Cluster, release: Installable, tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    """A stranger with the package installed, and the operator on the cluster from the chart's package."""
    folder = tmp_path_factory.mktemp("empty")
    programs = bare_environment(folder, release.wheel, extras="cli,operator", lock="dev")
    return Stranger(folder, programs, installed)


@pytest.fixture(scope="module")
def machine(stranger: Stranger, installed: Cluster) -> Experiment:
    """The machine example, from the first file to its end."""
    stranger.types(f"ssd init --preset machine --name {RUN}")
    stranger.types(f"kubectl -n {reader.NAMESPACE} apply -f selfdistill.yaml")
    found = installed.experiment(RUN)
    found.wait_phase("Succeeded", seconds=2400)
    return found


def test_nothing_comes_from_a_checkout(stranger: Stranger, installed: Cluster, release: Installable) -> None:
    """The programs are the wheel's, and what helm installed is the chart's package with the wheel's version."""
    where = stranger.types("python -c 'import ssd_operator, ssd_jobs; print(ssd_operator.__file__, ssd_jobs.__file__)'")
    assert all(Path(each).is_relative_to(stranger.folder) for each in where.split())
    [chart] = json.loads(installed.shell(f"helm list --namespace {reader.NAMESPACE} --output json"))
    assert chart["chart"] == release.chart.name.removesuffix(".tgz")
    assert chart["app_version"] == stranger.types("ssd --version").strip() == __version__
    assert not (installed.folder / "charts").exists()


def test_the_machine_gains_on_pods(machine: Experiment, stranger: Stranger) -> None:
    """The positive control is promoted, and `kubectl sd`, found as kubectl finds plugins, says so."""
    assert machine.status["promotion"]["decision"] == "Promoted", yaml.safe_dump(machine.status)
    told = json.loads(stranger.types(f"kubectl sd status {RUN} --namespace {reader.NAMESPACE} -o json"))
    assert told["status"]["promotion"]["decision"] == "Promoted"


@pytest.mark.usefixtures("own_node", "installed")
def test_an_images_bill_has_what_its_lock_file_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each image the release's own functions find digest, Debian's packages and every pinned library."""
    places = Places.usual()
    for name, value in Builder(places.images, places.run).environ().items():
        monkeypatch.setenv(name, value)
    for component, lock in {"operator": "operator", "grader": "grader", "worker": "worker-cpu"}.items():
        name = f"ssd-{component}"
        image = Image(name, f"{images.PREFIX}{name}:{images.TAG}", ours=True)
        found = release_images.built(image, images.REVISION, {})
        assert found.digest.startswith("sha256:")
        has = {(kind, canonical(each), version) for kind, each, version in found.packages}
        assert {each for kind, each, _ in has if kind == "deb"} >= {"libc6", "python3"}
        pins = PIN.findall((ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8"))
        assert len(pins) > 5
        assert {("pypi", canonical(each), version) for each, version in pins} <= has
