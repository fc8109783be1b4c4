"""Laws of how the programs of the test cluster are found, built and kept."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane import binaries, cache, toolchain
from controlplane.errors import Unavailable

pytestmark = pytest.mark.endurance

SUPPORT = Path(__file__).parent / "support"
FORK = multiprocessing.get_context("fork")
GO = """#!/bin/sh
[ "$1" = version ] && { echo "go version go1.26.0 linux/amd64"; exit; }
echo "$@" >> "$CALLS"
%s
"""
BUILDS = 'while [ "$1" != -o ]; do shift; done; echo built > "$2"'
FAILS = "echo 'main.go: no such module'; exit 1"


def test_obtain_makes_a_folder_once(tmp_path: Path) -> None:
    """Processes that want the same folder at the same time share one making of it, and all see it complete."""
    folder, calls = tmp_path / "thing", tmp_path / "calls"

    def make(partial: Path) -> None:
        with calls.open("a") as file:
            file.write("made\n")
        (partial / "file").write_text("content")

    def want() -> None:
        assert (cache.obtain(folder, make) / "file").read_text() == "content"

    processes = [FORK.Process(target=want) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert calls.read_text() == "made\n"


def test_a_killed_maker_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    """After `kill -9` of a maker the folder does not exist, and the next one makes it from empty."""
    folder = tmp_path / "thing"

    def die(partial: Path) -> None:
        (partial / "half").touch()
        os.kill(os.getpid(), signal.SIGKILL)

    process = FORK.Process(target=cache.obtain, args=(folder, die))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert not folder.exists()
    cache.obtain(folder, lambda partial: (partial / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]


@pytest.mark.parametrize("parts", [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b"")], ids=repr)
def test_a_key_counts_the_borders_of_its_parts(parts: tuple[bytes, ...]) -> None:
    """Moving bytes from one source to the next is another key."""
    others = {(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b"")} - {parts}
    assert cache.digest(*parts) not in {cache.digest(*other) for other in others}
    assert cache.digest(*parts) == cache.digest(*parts)


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("go version go1.26.8 linux/amd64", True),
        ("go version go1.24.0 linux/amd64", True),
        ("go version go2.0 linux/amd64", True),
        ("go version go1.23.9 linux/amd64", False),
        ("go version go1.9 linux/amd64", False),
        ("", False),
    ],
)
def test_a_go_is_new_enough(version: str, *, enough: bool) -> None:
    """Versions compare as numbers, and what is no version is not enough."""
    assert toolchain.is_new_enough(version) is enough


@pytest.mark.parametrize(
    ("program", "place"),
    [
        ("etcd", "assets"),
        ("kube-apiserver", "assets"),
        ("kubectl", "assets"),
        ("kube-controller-manager", "build"),
        ("kubelet", "build"),
        ("coredns", "dns"),
    ],
)
def test_assets_come_first(tmp_path: Path, program: str, place: str) -> None:
    """KUBEBUILDER_ASSETS provides the three programs that it is known for; all others are from our build."""
    for name in ("etcd", "kube-apiserver", "kubectl", "kubelet"):
        path = tmp_path / "assets" / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o755)
    environ = {"KUBEBUILDER_ASSETS": str(tmp_path / "assets")}
    assert find(tmp_path, program, environ) == tmp_path / place / program


@pytest.mark.parametrize("environ", [{}, {"KUBEBUILDER_ASSETS": ""}], ids=["unset", "empty"])
def test_without_assets_everything_is_built(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without KUBEBUILDER_ASSETS every program is from our build."""
    assert find(tmp_path, "etcd", environ) == tmp_path / "build" / "etcd"


@pytest.mark.parametrize("program", ["etcd", "kube-scheduller"])
def test_a_missing_program_is_one_sentence(tmp_path: Path, program: str) -> None:
    """A program that is not there is an error of one line that names it and says what to do."""
    with pytest.raises(Unavailable, match=program) as caught:
        find(tmp_path, program, {"KUBEBUILDER_ASSETS": str(tmp_path)})
    assert len(str(caught.value).splitlines()) == 1


def find(folder: Path, program: str, environ: dict[str, str]) -> Path:
    return binaries.find(program, environ=environ, kubernetes=lambda: folder / "build", coredns=lambda: folder / "dns")


@pytest.fixture
def builder(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run the build script with an empty cache and a `go` that does what the test says."""
    (tmp_path / "bin").mkdir()
    go = tmp_path / "bin" / "go"
    go.touch(mode=0o755)
    environ = {
        **{name: value for name, value in os.environ.items() if name != "KUBEBUILDER_ASSETS"},
        "PATH": f"{go.parent}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(SUPPORT),
    }

    def run(body: str) -> subprocess.CompletedProcess[str]:
        go.write_text(GO % body)
        command = [sys.executable, "-m", "controlplane"]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    return run


def test_the_builder_builds_once(tmp_path: Path, builder: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    """The first run builds, says so, and prints what it built; the second finds it, silently."""
    first, second = builder(BUILDS), builder(FAILS)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "building Kubernetes v1." in first.stderr
    assert second.stderr == ""
    assert first.stdout == second.stdout
    for line in second.stdout.splitlines():
        assert Path(line).read_text() == "built\n"
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call.startswith("build -mod=readonly -trimpath")


def test_a_failed_build_is_one_sentence(builder: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    """A build that fails says where its log is and what to do, and the next run tries again."""
    failed = builder(FAILS)
    assert failed.returncode == 1
    assert failed.stdout == ""
    started, sentence = failed.stderr.splitlines()
    assert started.startswith("building")
    assert "KUBEBUILDER_ASSETS" in sentence
    log = Path(sentence.split("see ")[1].split(": ")[0])
    assert "no such module" in log.read_text()
    assert builder(BUILDS).returncode == 0
