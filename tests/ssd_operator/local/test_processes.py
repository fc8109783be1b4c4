"""A stage process never outlives the runner that started it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from processes import survivors
from ssd_operator.local import processes

RUNNER = """
import asyncio, signal, sys
from pathlib import Path
from ssd_operator.local import processes

async def main(folder):
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
    await processes.run(folder / "pipe", index=0, log=folder / "log", environment={})

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.1, 1.0])
def test_it_dies_with_its_runner(tmp_path: Path, pause: float) -> None:
    """Killed at any moment; the stage waits for its config, which nobody ever writes into the pipe."""
    config = tmp_path / "pipe"
    os.mkfifo(config)
    with subprocess.Popen([sys.executable, "-c", RUNNER, str(tmp_path)]) as runner:
        while not survivors.with_word(str(config)):
            assert runner.poll() is None
        time.sleep(pause)
        runner.kill()
    for _ in range(1000):
        if not survivors.with_word(str(config)):
            return
        time.sleep(0.01)
    pytest.fail(f"{survivors.with_word(str(config))} go on without their runner")


async def test_an_orphan_does_not_begin(tmp_path: Path) -> None:
    """A runner may die before the kernel was asked, and its own handling of SIGTERM keeps no child alive."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
    stranger = partial(processes.die_with, os.getppid())
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "open('begun', 'w')", cwd=tmp_path, preexec_fn=stranger
    )
    assert await child.wait() == -signal.SIGTERM
    assert not (tmp_path / "begun").exists()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
