"""The driver of `make bench-gpu` with stand-ins for its parts: programs that print as parts do."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.gpu import __main__ as driver

ROOT = Path(__file__).parents[2]
LONG = 60.0
STOPPED = """
import sys
from benchmarks.gpu import __main__ as driver
slow = 'import json, time; print(json.dumps({"a": 1}), flush=True); time.sleep(600)'
programs = {"quick": "print('{}')", "slow": slow}
driver.PARTS = tuple(driver.Step(name, 60.0, (sys.executable, "-c", text)) for name, text in programs.items())
sys.exit(driver.main())
"""
"""A driver whose second part does not end by itself."""


def _step(name: str, program: str, seconds: float = LONG) -> driver.Step:
    """Return a part that runs a program."""
    return driver.Step(name, seconds, (sys.executable, "-c", f"import json, os, pathlib, sys, time\n{program}"))


def _counting(name: str, out: Path) -> driver.Step:
    """Return a part that says how often it has run."""
    runs = out / f"runs-of-{name}"
    program = f"path = pathlib.Path({str(runs)!r})\nruns = len(path.read_text()) if path.exists() else 0"
    return _step(name, program + '\npath.write_text("x" * (runs + 1))\nprint(json.dumps({"runs": runs + 1}))')


def test_each_part_leaves_its_last_word(tmp_path: Path) -> None:
    """A failing part keeps what it said before, and costs the others nothing."""
    steps = [
        _step("fails", 'print(json.dumps({"a": 1}), flush=True)\nsys.exit(3)'),
        _step("says", 'print(json.dumps({"a": 1}))\nprint(json.dumps({"a": 2}))'),
    ]
    driver.run(steps, tmp_path, tmp_path / "scratch", seconds=LONG)
    found = driver.collected([*steps, _step("never", "")], tmp_path)
    assert {name: each["ended"] for name, each in found.items()} == {
        "fails": "failed",
        "says": "done",
        "never": "not run",
    }
    assert (found["fails"]["found"], found["says"]["found"]) == ({"a": 1}, {"a": 2})


def test_a_part_that_was_done_is_not_run_again(tmp_path: Path) -> None:
    """A second run goes on with what is missing; a part that is named runs again, alone."""
    steps = [_counting("one", tmp_path), _step("broken", "sys.exit(1)"), _counting("two", tmp_path)]
    for again in ([], [], ["two"]):
        driver.run(steps, tmp_path, tmp_path / "scratch", again=again, seconds=LONG)
    found = driver.collected(steps, tmp_path)
    assert (found["one"]["found"], found["two"]["found"]) == ({"runs": 1}, {"runs": 2})


def test_a_part_out_of_time_is_ended_with_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one that does not listen; the next one runs."""
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    monkeypatch.setattr(driver, "TERMINATION_S", 0.1)
    steps = [
        _step("deaf", deaf + 'print(json.dumps({"a": 1}), flush=True)\ntime.sleep(600)', seconds=5.0),
        _counting("next", tmp_path),
    ]
    driver.run(steps, tmp_path, tmp_path / "scratch", seconds=LONG)
    found = driver.collected(steps, tmp_path)
    assert (found["deaf"]["ended"], found["deaf"]["found"]) == ("out of time", {"a": 1})
    assert found["next"]["ended"] == "done"


def test_no_part_begins_when_the_time_is_over(tmp_path: Path) -> None:
    """What did not begin is said to have not run, and is next time's."""
    steps = [_counting("one", tmp_path)]
    driver.run(steps, tmp_path, tmp_path / "scratch", seconds=0.0)
    assert driver.collected(steps, tmp_path) == {"one": {"ended": "not run"}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_driver_that_is_stopped_leaves_what_was_found(tmp_path: Path, number: signal.Signals) -> None:
    """By SIGTERM it ends with its line of JSON and takes the part along; after SIGKILL the next run goes on."""
    command = [sys.executable, "-c", STOPPED, str(tmp_path)]
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        process_group=0,
    )
    slow = tmp_path / "slow.json"
    while not (slow.exists() and "found" in json.loads(slow.read_text())):
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(number)
    said, _ = child.communicate(timeout=30)
    on_disk = json.loads(slow.read_text())
    assert (on_disk["ended"], on_disk["found"]) == ("stopped", {"a": 1})
    assert json.loads((tmp_path / "quick.json").read_text())["ended"] == "done"
    if number == signal.SIGTERM:
        assert child.returncode == 143
        assert json.loads(said.splitlines()[-1])["slow"]["found"] == {"a": 1}
