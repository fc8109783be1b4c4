"""A whole release: made twice, installed from its files alone, copied into a registry and taken from there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import helm
from releases.registry import Registry
from releases.trees import ROOT
from ssd_operator import __version__

pytestmark = pytest.mark.endurance

UV = ROOT / "build" / "uv" / "bin" / "uv"
VERSION = "9.8.7"
PREFIX = "registry.example.org/ssd/"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command that shall succeed, and return what it prints."""
    around = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the newest commit, with this tree's environments."""
    if not (ROOT / ".venv-release" / "bin" / "twine").exists():
        pytest.fail(".venv-release is missing: run make .venv-release/.ready")
    folder = tmp_path_factory.mktemp("clone") / "tree"
    run("git", "clone", "--quiet", "--shared", ROOT, folder, cwd=folder.parent)
    (folder / "build").mkdir()
    for name in (".venv", ".venv-release", "build/uv"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def made(clone: Path, into: Path) -> Path:
    """Make the release as make does."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "release",
        "--version",
        VERSION,
        "--prefix",
        PREFIX,
        "--into",
        into,
    ]
    run(*command, cwd=clone, PYTHONPATH=str(clone / "scripts"))
    return into / VERSION


@pytest.fixture(scope="module")
def release(clone: Path) -> Path:
    """The files of a release."""
    return made(clone, clone.parent / "dist")


def test_two_runs_give_the_same_files(clone: Path, release: Path, tmp_path: Path) -> None:
    """Every file, byte by byte; the digests are those of the files, and no image is claimed that was not built."""
    other = made(clone, tmp_path)
    names = sorted(path.name for path in release.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    assert [name for name in names if (release / name).read_bytes() != (other / name).read_bytes()] == []
    told = run("sha256sum", "--check", "SHA256SUMS", cwd=release)
    assert len(told.splitlines()) == len(names) - 1
    assert (release / "NOTES.md").read_text().count("not built here") == 3


def test_a_changed_tree_is_refused(clone: Path, tmp_path: Path) -> None:
    """What no commit has is in no release."""
    (clone / "README.md").write_text("changed")
    try:
        command: list[str | Path] = [sys.executable, "-m", "release", "--into", tmp_path]
        environment = {**os.environ, "PYTHONPATH": str(clone / "scripts")}
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    finally:
        run("git", "checkout", "--quiet", "README.md", cwd=clone)
    assert done.returncode == 64
    assert "commit them" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_wheel_plans_the_machine_from_an_empty_folder(release: Path, tmp_path: Path) -> None:
    """Nothing but the release's files: a bare environment with the tested versions, a first file, and its plan."""
    [wheel] = release.glob("*.whl")
    run(UV, "venv", "--quiet", "env", cwd=tmp_path)
    locked = ("--constraint", release / "lock-worker-cuda.txt")
    asked = f"ssd-operator[cli] @ {wheel.as_uri()}"
    run(UV, "pip", "install", "--quiet", "--python", "env/bin/python", *locked, asked, cwd=tmp_path)
    ssd = tmp_path / "env" / "bin" / "ssd"
    assert run(ssd, "--version", cwd=tmp_path).strip() == VERSION
    run(ssd, "init", "--preset", "machine", cwd=tmp_path)
    rows = json.loads(run(ssd, "plan", "selfdistill.yaml", "-o", "json", cwd=tmp_path))
    assert [row["stage"] for row in rows][:4] == ["prepare", "sample", "curate", "train"]


def test_the_wheel_runs_the_machine_from_an_empty_folder(release: Path, tmp_path: Path) -> None:
    """README's first commands, word for word, carry the positive control to a decision, and its page is there."""
    page = (ROOT / "README.md").read_text().replace(__version__, VERSION)
    install, *commands = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0].splitlines()
    for path in release.iterdir():
        (tmp_path / path.name).symlink_to(path)
    run(UV, "venv", "--quiet", "env", cwd=tmp_path)
    locked = f"{UV} pip install --quiet --python env/bin/python --constraint lock-worker-cpu.txt"
    run("sh", "-c", re.sub("^pip install", locked, install), cwd=tmp_path)
    ssd = tmp_path / "env" / "bin" / "ssd"
    said = [run("sh", "-c", f"env/bin/{command}", cwd=tmp_path) for command in commands]
    assert "decision  Promoted" in said[-1]
    told = json.loads(run(ssd, "report", "selfdistill.yaml", "-o", "json", cwd=tmp_path))
    assert "<html" in (tmp_path / told["page"]).read_text()


def test_the_chart_is_pushed_and_taken_by_its_digest(release: Path, registry: Registry, tmp_path: Path) -> None:
    """What helm renders from the registry by digest is what it renders from the file."""
    chart = release / f"selfdistill-operator-{VERSION}.tgz"
    place = f"oci://{registry.place}/charts"
    pushed = subprocess.run(
        [helm.HELM, "push", chart, place, "--plain-http"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    digest = next(line.split()[1] for line in pushed.stderr.splitlines() if line.startswith("Digest:"))
    taken = helm.run("template", "ssd", f"{place}/selfdistill-operator@{digest}", "--plain-http")
    assert taken.returncode == 0, taken.stderr
    assert taken.stdout == helm.run("template", "ssd", str(chart)).stdout


def test_the_script_copies_every_image(
    release: Path, registry: Registry, storage: dict[str, str], tmp_path: Path
) -> None:
    """Each image of the list is in the registry afterwards, under its own name and tag; empty ones stand for them."""
    listed = (release / "images.txt").read_text().split()
    for each in listed:
        container = run("buildah", "from", "scratch", cwd=tmp_path, **storage).strip()
        run("buildah", "commit", "--quiet", "--rm", container, each, cwd=tmp_path, **storage)
    settings = {"TOOL": "buildah", "PUSH_OPTIONS": "--tls-verify=false", **storage}
    run("sh", release / "mirror-images.sh", f"{registry.place}/mirror/", cwd=tmp_path, **settings)
    for each in listed:
        name, _, tag = each.rpartition("/")[2].partition(":")
        assert registry.ask(f"mirror/{name}/tags/list")["tags"] == [tag]
