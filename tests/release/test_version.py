"""One version: that of the package, which chart, images and pages have, too."""

import re
from pathlib import Path

import pytest
import yaml

from cluster import helm
from processes.program import ssd
from release.errors import Refused
from release.source import CHART, NAMED, checked_version, stamp, written_version
from releases.trees import ROOT, copied
from ssd_operator import __version__
from ssd_operator.settings import Settings


def test_chart_and_images_have_the_packages_version() -> None:
    """What the chart installs, what the operator uses by itself and what `ssd` says are of one version."""
    chart = yaml.safe_load((ROOT / CHART / "Chart.yaml").read_text())
    settings = Settings()
    assert written_version(ROOT) == __version__ == ssd("--version").stdout.strip()
    assert chart["version"] == chart["appVersion"] == __version__
    assert (settings.worker_image, settings.grader_image) == (f"ssd-worker:{__version__}", f"ssd-grader:{__version__}")


def test_a_stamped_tree_has_the_new_version_in_every_place(tmp_path: Path) -> None:
    """After the stamp the package, the chart and the images that it names say the new version, and nothing the old."""
    source = copied(tmp_path, "operator/ssd_operator/__init__.py", "charts", "README.md")
    stamp(source.tree, "12.34.56", "registry.example.org/ssd/")
    rendered = helm.run("template", "ssd", str(source.chart))
    assert written_version(source.tree) == "12.34.56"
    assert set(re.findall(r"ssd-(?:operator|worker|grader):([\w.]+)", rendered.stdout)) == {"12.34.56"}
    assert set(re.findall(r"(\S*)ssd-(?:operator|worker|grader):", rendered.stdout)) >= {"registry.example.org/ssd/"}
    assert __version__ not in (source.chart / "Chart.yaml").read_text()
    assert "ssd_operator-12.34.56-py3-none-any.whl" in (source.tree / "README.md").read_text()


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3rc1", "01.2.3", "1.2.3-rc.1", "1.2.3 "])
def test_a_version_that_not_all_can_have_is_refused(version: str) -> None:
    """helm wants three numbers, Python spells a candidate otherwise than helm, and a tag has no `+`."""
    with pytest.raises(Refused, match="three numbers"):
        checked_version(version)


def test_the_pages_name_this_version() -> None:
    """Each file of a release that a page names, and each tag of an image, is of the version that the tree has."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob(f"{CHART}/*.md")]
    found = {match[0].removeprefix(match[1]) for page in pages for match in NAMED.finditer(page.read_text())}
    assert found == {__version__}
