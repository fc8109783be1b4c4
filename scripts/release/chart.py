"""The chart as a package: annotated for Artifact Hub, and repacked so that equal sources give equal bytes.

`helm package` alone writes the time of the moment and the files' own owners into its archive.
"""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import yaml

from release import notes
from release.errors import Refused, run
from release.images import Image
from release.source import Source

__all__ = ["annotate", "package", "repacked"]

PAPER = "https://arxiv.org/abs/2604.01193"
EXAMPLES = ("examples/machine/selfdistill.yaml", "examples/studies/machine-sweep.yaml")
SHOWN = 20
"""Changes that the annotation names; the notes have all."""


def package(source: Source, images: list[Image], target: Path, *, helm: Path) -> Path:
    """Annotate and lint the chart, and write its package."""
    annotate(source, images)
    run(helm, "lint", "--strict", "--quiet", source.chart)
    run(helm, "package", source.chart, "--destination", target)
    packed = target / f"selfdistill-operator-{source.version}.tgz"
    packed.write_bytes(repacked(packed.read_bytes(), source.epoch))
    return packed


def annotate(source: Source, images: list[Image]) -> None:
    """Write into Chart.yaml what Artifact Hub shows beside it."""
    path = source.chart / "Chart.yaml"
    chart: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if chart["version"] != source.version or chart["appVersion"] != source.version:
        raise Refused(f"{path}: version and appVersion must both be {source.version}")
    _, body = notes.section(source.tree / "CHANGELOG.md", source.version)
    told = [{"kind": kind, "description": words} for kind, words in notes.changes(body)][:SHOWN]
    lists = {
        "images": [{"name": each.name, "image": each.reference} for each in images],
        "crds": [_definition(each) for each in sorted((source.tree / "crds").glob("*.yaml"))],
        "crdsExamples": [_example(source.tree / each) for each in EXAMPLES],
        "changes": told,
        "links": [{"name": "paper", "url": PAPER}],
    }
    written = {f"artifacthub.io/{name}": _text(value) for name, value in lists.items()}
    chart["annotations"] = {**chart["annotations"], "artifacthub.io/operator": "true", **written}
    path.write_text(_text(chart), encoding="utf-8")


def repacked(package: bytes, epoch: int) -> bytes:
    """Return the same files in a fixed order, with one time, mode and owner."""
    content = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(package)) as before,
        # Without a name and with a fixed time: gzip writes both into its head.
        gzip.GzipFile(filename="", fileobj=content, mode="wb", mtime=epoch) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as after,
    ):
        for member in sorted(before.getmembers(), key=lambda each: each.name):
            entry = tarfile.TarInfo(member.name)
            entry.size, entry.mtime, entry.mode = member.size, epoch, 0o644
            after.addfile(entry, before.extractfile(member))
    return content.getvalue()


def _definition(path: Path) -> dict[str, str]:
    """Return what is shown of a CustomResourceDefinition."""
    spec = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["spec"]  # in C: it is long
    [version] = spec["versions"]
    words = version["schema"]["openAPIV3Schema"]["description"]
    names = spec["names"]
    return {
        "kind": names["kind"],
        "version": version["name"],
        "name": f"{names['plural']}.{spec['group']}",
        "displayName": names["kind"],
        "description": " ".join(words.split()),
    }


def _example(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return value


def _text(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000)
