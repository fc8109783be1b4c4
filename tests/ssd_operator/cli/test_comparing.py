"""`ssd compare`: what a person names becomes reports, and what has none is refused before anything is started."""

from pathlib import Path

import numpy as np
import pytest

from ssd_operator.cli import comparing
from ssd_operator.errors import InvalidInput
from workspaces import studied

SAMPLING = {"temperature": 1.0, "topK": 0, "topP": 1.0}
FILE = """
apiVersion: selfdistill.dev/v1alpha1
kind: SelfDistillation
metadata: {name: small}
spec: {preset: toy, storage: {claimName: experiments}}
"""


def test_reports_become_a_study(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A report is named by its directory or by its document; page, JSON and CSV are where they were asked for."""
    rng = np.random.default_rng(0)
    base, gains = studied.base(rng), dict.fromkeys(studied.TEMPERATURES, 0.02)
    one, other = (
        studied.write(tmp_path / name, rng, base, gains, sampling={**SAMPLING, "topK": place})
        for place, name in enumerate(("one", "other"))
    )
    assert comparing.compare([one, other / "report.json"], directory=tmp_path / "out", workdir=tmp_path) == 0
    assert "is the best of 2 cells on 131 select problems" in capfd.readouterr().out
    assert {"study.html", "study.json", "study.csv"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_what_has_no_report_is_refused(tmp_path: Path) -> None:
    """One sentence names the experiment and what makes its report."""
    (tmp_path / "small.yaml").write_text(FILE)
    with pytest.raises(InvalidInput, match=r"small\.yaml: has no report yet; make one with: ssd run FILE$"):
        comparing.compare([tmp_path / "small.yaml"], workdir=tmp_path / "work")
    with pytest.raises(InvalidInput, match="no experiment was run here"):
        comparing.compare([tmp_path], workdir=tmp_path / "work")
    with pytest.raises(InvalidInput, match="--output xml: there is no such format; name table or json"):
        comparing.compare([tmp_path], output="xml")


def test_one_report_twice_is_bad_input(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What the program refuses is one sentence and exit code 64."""
    rng = np.random.default_rng(0)
    gains = dict.fromkeys(studied.TEMPERATURES, 0.02)
    run = studied.write(tmp_path / "one", rng, studied.base(rng), gains, sampling=SAMPLING)
    assert comparing.compare([run, run], directory=tmp_path / "out", workdir=tmp_path) == 64
    assert capfd.readouterr().err == f"{run}: is named twice; name every report once\n"
