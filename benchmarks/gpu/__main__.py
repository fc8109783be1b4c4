"""Run the parts one after the other, and say what they found in one JSON object on the last line.

    python -m benchmarks.gpu OUT [PART …] [--seconds 240] [--scratch FOLDER] [--tiny] [--model MODEL]

OUT gets one file per part and a log. A part that was done stays done: the next run goes on with the others, and naming
a part runs it again. Each has a limit of its own within the time that is left; one that is stopped, by its limit or
from outside, leaves what it found until then. A library that is missing costs its part and nothing else. Nothing here
needs a network.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.part import add_options
from ssd_jobs.artifacts import atomic

__all__ = ["PARTS", "Step", "run"]

TERMINATION_S = 5.0


@dataclass(frozen=True)
class Step:
    """One part as a program, and how long it may take."""

    name: str
    seconds: float
    command: Sequence[str]


def part(name: str, seconds: float) -> Step:
    """Return a part that is a module beside this one."""
    return Step(name, seconds, (sys.executable, "-m", f"benchmarks.gpu.{name}"))


PARTS = tuple(
    part(name, seconds)
    for name, seconds in (
        ("train", 120),
        ("gradients", 60),
        ("vllm", 90),
        ("engine", 60),
        ("guard", 45),
        ("trl", 60),
        ("compiled", 90),
    )
    if (Path(__file__).parent / f"{name}.py").exists()
)
"""In the order of what is most worth knowing."""


def main() -> int:
    """Run what is asked for; 1 where a part failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(each.name for each in PARTS))
    add_options(parser)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--scratch", type=Path, help="for models; OUT/scratch, where nothing is said")
    options = parser.parse_args()
    unknown = sorted(set(options.parts) - {each.name for each in PARTS})
    if unknown:
        parser.error(f"{unknown[0]}: is none of {', '.join(each.name for each in PARTS)}")
    scratch = options.scratch or options.out / "scratch"
    arguments = ["--engine-args", json.dumps(options.engine_args), *(["--tiny"] if options.tiny else [])]
    arguments += ["--model", str(options.model)] if options.model else []
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    try:
        run(PARTS, options.out, scratch, again=options.parts, seconds=options.seconds, arguments=arguments)
    finally:
        results = collected(PARTS, options.out)
        sys.stdout.write(json.dumps(results) + "\n")
        sys.stdout.flush()
    return int(any(each["ended"] == "failed" for each in results.values()))


def run(
    steps: Sequence[Step],
    out: Path,
    scratch: Path,
    *,
    again: Sequence[str] = (),
    seconds: float,
    arguments: Sequence[str] = (),
) -> None:
    """Run the parts that are not done, or those that are asked for again, within so many seconds."""
    out.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    for step in steps:
        done = _result(out, step).get("ended") == "done"
        if step.name not in again if again else done:
            continue
        left = until - time.monotonic()
        if left <= 0:
            break
        _run(step, out, scratch, min(step.seconds, left), arguments)


def collected(steps: Sequence[Step], out: Path) -> dict[str, dict[str, Any]]:
    """Return what every part has found until now."""
    return {step.name: _result(out, step) or {"ended": "not run"} for step in steps}


def _file(out: Path, step: Step) -> Path:
    return out / f"{step.name}.json"


def _result(out: Path, step: Step) -> dict[str, Any]:
    """Return what is on disk of a part, nothing where it never ran."""
    with contextlib.suppress(FileNotFoundError):
        found: dict[str, Any] = json.loads(_file(out, step).read_text(encoding="utf-8"))
        return found
    return {}


def _run(step: Step, out: Path, scratch: Path, seconds: float, arguments: Sequence[str]) -> None:
    """Run one part, and keep on disk what it has said, after each line that it says."""
    begun = time.monotonic()
    result: dict[str, Any] = {"ended": "stopped"}

    def keep(ended: str, found: dict[str, Any] | None = None) -> None:
        result.update({"ended": ended, "seconds": round(time.monotonic() - begun, 1)}, **(found or {}))
        atomic.write_text(_file(out, step), json.dumps(result, indent=1) + "\n")

    keep("stopped")
    sys.stderr.write(f"{step.name}: at most {seconds:.0f} s\n")
    with (out / "log.txt").open("a", encoding="utf-8") as log, _started(step, scratch, arguments, log) as child:
        late = threading.Event()
        timer = threading.Timer(seconds, _end, [child, late])
        timer.daemon = True  # a driver that is stopped does not wait for it
        timer.start()
        assert child.stdout is not None
        for line in child.stdout:
            keep("stopped", {"found": json.loads(line)})
        code = child.wait()
        timer.cancel()
    keep("out of time" if late.is_set() else "failed" if code else "done")
    sys.stderr.write(f"{step.name}: {result['ended']} after {result['seconds']:.0f} s\n")


@contextlib.contextmanager
def _started(step: Step, scratch: Path, arguments: Sequence[str], log: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a part in our process group; however this ends, it ends with us."""
    log.write(f"=== {step.name}\n")
    log.flush()
    command = [*step.command, str(scratch / step.name), *arguments]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    try:
        yield child
    finally:
        _end(child)


def _end(child: subprocess.Popen[str], late: threading.Event | None = None) -> None:
    """Ask a part to end, and end it where it does not; note first that it was for being late."""
    if late is not None:
        late.set()
    child.terminate()
    try:
        child.wait(TERMINATION_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main())
