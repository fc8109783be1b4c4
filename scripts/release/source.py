"""The source of a release: the tree of a commit, with the release's version written into it.

Nothing of the working tree reaches a release, so what provenance says of the commit is so.
"""

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from release.errors import Refused, run

__all__ = ["NAMED", "Source", "checked_version", "export", "stamp", "written_version"]

VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
"""What is a version for helm, for Python and as an image's tag alike."""
PLACE = "operator/ssd_operator/__init__.py"
WRITTEN = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
NAMED = re.compile(r"((?:ssd_operator|selfdistill-operator|ssd-(?:operator|worker|grader|\$name))[-:])\d+\.\d+\.\d+")
"""How a page names a file of a release, or the tag of an image."""
NO_PREFIX = re.compile(r'^  prefix: ""$', re.MULTILINE)
CHART = "charts/selfdistill-operator"


@dataclass(frozen=True)
class Source:
    """A tree to build from, and what it is."""

    tree: Path
    version: str
    commit: str
    epoch: int
    """The commit's time in seconds: the time of every file of the release."""

    @property
    def chart(self) -> Path:
        """Return the folder of the chart."""
        return self.tree / CHART

    @property
    def locks(self) -> list[Path]:
        """Return the lock files of what a user installs and of the images."""
        names = ("operator", "grader", "worker-cpu", "worker-cuda")
        return [self.tree / "requirements" / f"{name}.txt" for name in names]


def checked_version(version: str) -> str:
    """Return the version, or refuse one that chart, package and image cannot share."""
    if not VERSION.fullmatch(version):
        raise Refused(f"VERSION={version}: is no version of three numbers; write one such as 0.2.0")
    return version


def written_version(tree: Path) -> str:
    """Return the version that a tree has."""
    found = WRITTEN.search((tree / PLACE).read_text(encoding="utf-8"))
    if found is None:
        raise Refused(f"{tree / PLACE}: has no __version__; write one there")
    return found[1]


def export(repository: Path, target: Path, version: str, prefix: str = "") -> Source:
    """Write the tree of the newest commit to an empty folder; refuse a working tree that differs from it."""
    if run("git", "status", "--porcelain", "--untracked-files=no", cwd=repository).strip():
        raise Refused("the working tree has changes that no commit has; commit them, because a release is of a commit")
    commit = run("git", "rev-parse", "HEAD", cwd=repository).strip()
    epoch = int(run("git", "show", "--no-patch", "--format=%ct", commit, cwd=repository))
    target.mkdir(parents=True)
    archive = target.with_suffix(".tar")
    run("git", "archive", "--format=tar", f"--output={archive}", commit, cwd=repository)
    with tarfile.open(archive) as files:
        files.extractall(target, filter="data")
    archive.unlink()
    version = checked_version(version or written_version(target))
    stamp(target, version, prefix)
    return Source(target, version, commit, epoch)


def stamp(tree: Path, version: str, prefix: str = "") -> None:
    """Write a version into the package, into the chart that must say the same, and into the pages that name files.

    A prefix is the registry and path of the images, which the chart then takes by default.
    """
    _replace(tree / PLACE, WRITTEN, f'__version__ = "{version}"')
    _replace(tree / CHART / "Chart.yaml", re.compile(r"^((?:appV|v)ersion): .*$", re.MULTILINE), rf"\1: {version}")
    for page in (*tree.glob("*.md"), *tree.glob("docs/*.md"), *tree.glob(f"{CHART}/*.md")):
        _replace(page, NAMED, rf"\g<1>{version}")
    if prefix:
        _replace(tree / CHART / "values.yaml", NO_PREFIX, f'  prefix: "{prefix}"')


def _replace(path: Path, pattern: re.Pattern[str], words: str) -> None:
    path.write_text(pattern.sub(words, path.read_text(encoding="utf-8")), encoding="utf-8")
