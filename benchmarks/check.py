"""Runs benchmarks whose figures must stay within ranges.json, and fails where one has left its range.

    python -m benchmarks.check [RANGES]

On a machine that does nothing else; a figure that has become better for good is a reason to narrow its range.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RANGES = Path(__file__).with_name("ranges.json")


def left(found: Mapping[str, Any], ranges: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Yield each figure that is outside of its range, or missing."""
    for name, (least, most) in ranges.items():
        if name not in found:
            yield f"{name} is not among the figures"
        elif not least <= found[name] <= most:
            yield f"{name} is {found[name]}, which is not between {least} and {most}"


def main(file: Path) -> int:
    """Run each benchmark, print its figures, and return 1 where one has left its range."""
    problems = []
    for each in json.loads(file.read_text(encoding="utf-8")):
        command = " ".join(each["command"])
        done = subprocess.run([sys.executable, *each["command"]], stdout=subprocess.PIPE, text=True, check=False)
        lines = done.stdout.strip().splitlines()
        figures = json.loads(lines[-1]) if lines else {}
        print(f"{command}\n  {json.dumps(figures)}")
        problems += [f"{command}: {problem}" for problem in left(figures, each["ranges"])]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else RANGES))
