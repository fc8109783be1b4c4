"""Bills of materials, as CycloneDX 1.6: one for each thing of a release.

The wheel brings no library along; its bill has what the lock files resolve for it, which is what the images have and
the tests ran with. The chart's bill has the images; an image's own has what its dpkg and pip say.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from release.images import Image
from release.source import Source

__all__ = ["of_chart", "of_image", "of_wheel", "text"]

PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==(\S+)(?: ; (.*?))? \\\n((?:    --hash=.*\n?)+)", re.MULTILINE)
LICENSE = [{"license": {"id": "Apache-2.0"}}]


def of_wheel(source: Source, wheel: Path) -> dict[str, Any]:
    """Return the bill of the package: every library that a lock file pins for it."""
    subject = {
        "type": "library",
        "name": "ssd-operator",
        "version": source.version,
        "purl": f"pkg:pypi/ssd-operator@{source.version}",
        "licenses": LICENSE,
    }
    return _bill(source, subject, _pinned(source.locks), file=wheel)


def of_chart(source: Source, chart: Path, images: list[Image]) -> dict[str, Any]:
    """Return the bill of the chart: the images that it names."""
    subject = {
        "type": "application",
        "name": "selfdistill-operator",
        "version": source.version,
        "purl": f"pkg:helm/selfdistill-operator@{source.version}",
        "licenses": LICENSE,
    }
    return _bill(source, subject, [_container(each) for each in images], file=chart)


def of_image(source: Source, image: Image) -> dict[str, Any]:
    """Return the bill of an image that was built here: its Debian and Python packages, or the images that it lists."""
    parts = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:{'deb/debian' if kind == 'deb' else 'pypi'}/{quote(name)}@{quote(version)}",
        }
        for kind, name, version in image.packages
    ]
    return _bill(source, _container(image), [*parts, *(_container(each) for each in image.platforms)])


def text(bill: dict[str, Any]) -> str:
    """Return a bill as it is written."""
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def _bill(
    source: Source, subject: dict[str, Any], parts: Iterable[dict[str, Any]], *, file: Path | None = None
) -> dict[str, Any]:
    """Return a bill; its number follows from its content, its time is the commit's."""
    if file is not None:
        subject = subject | {"hashes": [_hash(hashlib.sha256(file.read_bytes()).hexdigest())]}
    components = sorted(({"bom-ref": each["purl"], **each} for each in parts), key=lambda each: str(each["bom-ref"]))
    content = json.dumps([subject, components], sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(source.epoch, UTC).isoformat(),
            "component": {"bom-ref": subject["purl"], **subject},
        },
        "components": components,
        "dependencies": [
            {"ref": subject["purl"], "dependsOn": [each["bom-ref"] for each in components]},
            *({"ref": each["bom-ref"]} for each in components),
        ],
    }


def _pinned(locks: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield each pinned library once, with the lock files and conditions under which it is installed."""
    found: dict[str, dict[str, Any]] = {}
    for lock in locks:
        for name, version, marker, hashes in PINNED.findall(lock.read_text(encoding="utf-8")):
            purl = f"pkg:pypi/{name.lower()}@{quote(version)}"
            digests = sorted(re.findall(r"sha256:([0-9a-f]{64})", hashes))
            entry = found.setdefault(
                purl,
                {"type": "library", "name": name, "version": version, "purl": purl, "scope": "optional"}
                | {"hashes": [_hash(each) for each in digests], "properties": []},
            )
            entry["properties"].append({"name": f"ssd:lock:{lock.stem}", "value": marker or "always"})
    yield from found.values()


def _container(image: Image) -> dict[str, Any]:
    """Return an image as a component; its digest where it is known."""
    place, _, tag = image.reference.rpartition(":")
    version = image.digest or tag
    purl = f"pkg:oci/{image.name}@{quote(version, safe='')}?tag={quote(tag)}"
    if "/" in place:
        purl += f"&repository_url={quote(place, safe='')}"
    named = {"type": "container", "name": image.name, "version": tag, "purl": purl}
    return named | ({"hashes": [_hash(image.digest.removeprefix("sha256:"))]} if image.digest else {})


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}
