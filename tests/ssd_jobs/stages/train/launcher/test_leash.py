"""A leashed program never outlives the process that started it, at whatever moment that one is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from processes import survivors
from ssd_jobs.stages.train.launcher.leash import ORPHANED, leashed

SLEEPER = "import sys, time; open(sys.argv[1], 'w').close(); time.sleep(3600)"
KEEPER = """
import subprocess, sys, time
from ssd_jobs.stages.train.launcher.leash import leashed
child = subprocess.Popen([sys.executable, *leashed(["-c", sys.argv[1], sys.argv[2]])], start_new_session=True)
print(child.pid, flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("seed", range(6))
def test_it_dies_with_its_parent_at_any_moment(tmp_path: Path, seed: int) -> None:
    """Killed just after the start, on the way, or, last, when the program runs."""
    ready = tmp_path / "ready"
    keeper = subprocess.Popen([sys.executable, "-c", KEEPER, SLEEPER, str(ready)], stdout=subprocess.PIPE, text=True)
    assert keeper.stdout is not None
    with keeper:
        pid = int(keeper.stdout.readline())
        if seed == 5:
            while not ready.exists():
                assert keeper.poll() is None
                time.sleep(0.01)
        else:
            time.sleep(random.Random(seed).uniform(0.0, 0.05))
        keeper.kill()
    for _ in range(1000):
        if not survivors.of_session(pid):
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the program goes on without its parent")


def test_an_orphan_does_not_begin(tmp_path: Path) -> None:
    """The parent may die before the kernel is asked; then nobody would be told."""
    arguments = leashed(["-c", SLEEPER, str(tmp_path / "ready")])
    arguments[2] = str(os.getppid())
    assert subprocess.run([sys.executable, *arguments], check=False, timeout=60).returncode == ORPHANED
    assert not (tmp_path / "ready").exists()


def test_its_end_is_the_programs(tmp_path: Path) -> None:
    """Arguments, exit code and process id are those of the program itself."""
    program = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid())); sys.exit(int(sys.argv[2]))"
    child = subprocess.Popen([sys.executable, *leashed(["-c", program, str(tmp_path / "pid"), "143"])])
    assert child.wait(timeout=60) == 143
    assert (tmp_path / "pid").read_text() == str(child.pid)
