"""`make release VERSION=0.2.0`: everything that a stranger installs, from the newest commit, into dist/VERSION."""

import argparse
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from release import bills, chart, images, notes, packages, provenance, source, sums
from release.errors import Refused, run
from release.images import Image
from release.source import Source

ROOT = Path(__file__).parents[2]
BAD_INPUT = 64
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Tools:
    """The programs that build and check, from the locked environments."""

    uv: Path
    helm: Path
    python: Path
    """With what requirements/release.txt names."""

    def versions(self) -> dict[str, str]:
        """Return which ones they were."""
        return {
            "uv": run(self.uv, "--version").split()[1],
            "helm": run(self.helm, "version", "--template", "{{.Version}}"),
        }


@dataclass(frozen=True)
class Wanted:
    """What whoever makes the release asked for."""

    version: str
    """Empty for the one that the source has."""
    prefix: str = ""
    key: str = ""
    accelerator: str = ""
    """Of the worker's image; empty where no image is to be built."""
    platforms: str = ""


def main() -> int:
    """Make the release, or say in one sentence why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="", help="by default the one that the source has")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="folder of releases")
    parser.add_argument("--key", default="", help="cosign's private key, a file or an address it knows")
    parser.add_argument("--prefix", default="", help="registry and path of the images, with a slash at the end")
    parser.add_argument(
        "--images", default="", choices=("", "cpu", "cuda"), help="build ours, and push them to the prefix"
    )
    parser.add_argument("--platforms", default="", help="of the images, such as linux/amd64,linux/arm64")
    parser.add_argument("--stamp", action="store_true", help="only write the version into this tree, to be committed")
    options = parser.parse_args()
    tools = Tools(ROOT / "build/uv/bin/uv", ROOT / ".venv/bin/helm", ROOT / ".venv-release/bin/python")
    try:
        if options.stamp:
            source.stamp(ROOT, source.checked_version(options.version))
            return 0
        wanted = Wanted(options.version, options.prefix, options.key, options.images, options.platforms)
        made = release(ROOT, options.into.absolute(), wanted, tools)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return BAD_INPUT
    print(f"{made}:")
    print(run("sha256sum", "--check", sums.SUMS, cwd=made), end="")
    return 0


def release(repository: Path, into: Path, wanted: Wanted, tools: Tools) -> Path:
    """Make every file in a scratch folder, and put it in its place when all is there."""
    with tempfile.TemporaryDirectory(prefix="ssd-release-") as scratch:
        found = source.export(repository, Path(scratch, "source"), wanted.version, wanted.prefix)
        files = Path(scratch, "files")
        files.mkdir()
        pushed = _pushed(found, wanted, Path(scratch, "digests"))
        named = images.named(found, helm=tools.helm)
        fill(found, files, tools, [images.built(each, found.commit, pushed) for each in named], pushed)
        written = sums.write(files)
        if wanted.key:
            sums.sign(written, wanted.key)
        target = into / found.version
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(files, target)
    return target


def _pushed(found: Source, wanted: Wanted, scratch: Path) -> dict[str, str]:
    """Build and push our images where that is wanted; return the registry's digest of each by its name."""
    if not wanted.accelerator:
        return {}
    if not wanted.prefix:
        raise Refused(f"IMAGES={wanted.accelerator}: the images go to a registry; name it, such as PREFIX=HOST/ssd/")
    return images.pushed(found, wanted.prefix, wanted.accelerator, wanted.platforms, scratch)


def fill(found: Source, files: Path, tools: Tools, all_images: list[Image], pushed: dict[str, str]) -> None:
    """Write everything but the sums."""
    wheel, sdist = packages.build(found, files, uv=tools.uv)
    packages.check([wheel, sdist], twine=tools.python.with_name("twine"))
    chart_package = chart.package(found, all_images, files, helm=tools.helm)
    described = {wheel.name: bills.of_wheel(found, wheel)}
    described[chart_package.name] = bills.of_chart(found, chart_package, all_images)
    described |= {each.name: bills.of_image(found, each) for each in images.built_parts(all_images)}
    for name, bill in described.items():
        (files / f"{name}.cdx.json").write_text(bills.text(bill), encoding="utf-8")
    _check_bills(files, tools)
    for lock in found.locks:
        shutil.copyfile(lock, files / f"lock-{lock.name}")
    _definitions(found, files)
    (files / "images.txt").write_text("".join(f"{each.reference}\n" for each in all_images), encoding="utf-8")
    if pushed:
        (files / "digests.yaml").write_text(_by_digest(all_images), encoding="utf-8")
    shutil.copyfile(HERE / "mirror-images.sh", files / "mirror-images.sh")
    (files / "NOTES.md").write_text(_notes(found, all_images, pushed), encoding="utf-8")
    statement = provenance.statement(found, files.iterdir(), all_images, tools.versions())
    (files / "provenance.json").write_text(statement, encoding="utf-8")


def _definitions(found: Source, files: Path) -> None:
    """Write both CustomResourceDefinitions as one file, for who installs them apart from the chart."""
    texts = [each.read_text(encoding="utf-8") for each in sorted((found.tree / "crds").glob("*.yaml"))]
    whole = "---\n".join(texts)
    assert len(list(yaml.safe_load_all(whole))) == len(texts)
    (files / f"crds-{found.version}.yaml").write_text(whole, encoding="utf-8")


def _check_bills(files: Path, tools: Tools) -> None:
    """Compare every bill with CycloneDX's own schema."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run(tools.python, HERE / "check_bills.py", *sorted(files.glob("*.cdx.json")), environment=environment)


def _notes(found: Source, all_images: list[Image], pushed: dict[str, str]) -> str:
    """Return what changed and what was built."""
    heading, body = notes.section(found.tree / "CHANGELOG.md", found.version)
    lines = [f"# {found.version}", "", f"Commit {found.commit}. Changes: section {heading} of CHANGELOG.md.", ""]
    lines += [f"| image | {'digest' if pushed else 'digest at its builder, before a push'} |", "| --- | --- |"]
    for image in all_images:
        for each in (image, *image.platforms):
            state = (
                f"{each.digest} ({each.architecture})" if each.digest else "not built here" if each.ours else "not ours"
            )
            lines.append(f"| {each.reference} | {state} |")
    return "\n".join([*lines, "", body, ""])


def _by_digest(all_images: list[Image]) -> str:
    """Return values of the chart that name our images by what they are, not by a tag that can be moved."""
    built = [each for each in all_images if each.ours and each.digest]
    ours = {each.name.removeprefix("ssd-"): f"{each.reference}@{each.digest}" for each in built}
    return "# helm install … --values digests.yaml: each image by its digest\n" + yaml.safe_dump({"image": ours})


if __name__ == "__main__":
    sys.exit(main())
