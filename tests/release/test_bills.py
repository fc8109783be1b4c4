"""The bills of materials are complete."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from release import bills
from release.images import Image
from release.source import Source
from releases.trees import copied

DIGEST = f"sha256:{'a' * 64}"
IMAGE = Image("ssd-worker", "registry.example.org/ssd/ssd-worker:1.0.0", ours=True)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A tree with the lock files."""
    return copied(tmp_path, "requirements", "operator/ssd_operator/__init__.py")


def test_the_wheels_bill_has_every_pin_of_every_lock(source: Source, tmp_path: Path) -> None:
    """Name, version and digests of each library stand in it, once, with the lock files that name it."""
    (tmp_path / "x.whl").write_bytes(b"wheel")
    found = {each["purl"]: each for each in bills.of_wheel(source, tmp_path / "x.whl")["components"]}
    for lock in source.locks:
        pins = re.findall(r"^([\w.-]+)(?:\[.*?\])?==(\S+)", lock.read_text(), re.MULTILINE)
        assert len(pins) > 5
        for name, version in pins:
            entry = found[f"pkg:pypi/{name.lower()}@{version.replace('+', '%2B')}"]
            assert entry["hashes"]
            assert f"ssd:lock:{lock.stem}" in {each["name"] for each in entry["properties"]}


def test_an_images_bill_has_its_packages() -> None:
    """Each package of dpkg and of pip is a component; an image that was not built has its tag only."""
    source = Source(Path(), "1.0.0", "", 0)
    packages = (("deb", "libc6", "2.36-9+deb12u10"), ("pypi", "torch", "2.13.0"))
    bill = bills.of_image(source, replace(IMAGE, digest=DIGEST, packages=packages))
    assert [each["purl"] for each in bill["components"]] == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10",
        "pkg:pypi/torch@2.13.0",
    ]
    assert bill["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert "hashes" not in bills.of_image(source, IMAGE)["metadata"]["component"]


def test_a_bills_number_follows_from_its_content() -> None:
    """Equal content has an equal number, other content another one."""
    source = Source(Path(), "1.0.0", "", 0)
    one, same = (bills.of_image(source, IMAGE)["serialNumber"] for _ in range(2))
    other = bills.of_image(source, replace(IMAGE, digest=DIGEST))["serialNumber"]
    assert one == same != other
