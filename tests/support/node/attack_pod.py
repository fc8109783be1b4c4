"""Run inside a grade pod, in the grader's container: every hostile program, and a right one after each.

Prints one line of JSON per program: its name, its verdict, which server answered, and whether the right program
afterwards passed. `--only NAME …` chooses; the pod's sandbox is the one that the operator would start.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from sandbox.attacks import DONE, HOSTILE
from sandbox.grading import grade_program
from sandbox.programs import SUM
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Limits

LIMITS = Limits(cpu_seconds=0.5, wall_seconds=60, memory_mb=256, output_mb=1)
PATIENT = Limits(cpu_seconds=6, wall_seconds=60, memory_mb=256, output_mb=1)
GOOD = "input()\nprint(sum(map(int, input().split())))"


def main() -> int:
    """Attack, and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    client = Client(options.socket, connect_seconds=120)
    client.require_strong()
    for attack in HOSTILE:
        if options.only and attack.name not in options.only:
            continue
        limits = replace(LIMITS, wall_seconds=attack.wall, cpu_seconds=attack.cpu)
        verdict = grade_program(client, SUM, DONE + attack.body, mode="Process", limits=limits)
        after = grade_program(client, SUM, GOOD, mode="Process", limits=PATIENT)
        answer = {"name": attack.name, "kind": str(verdict.kind), "passed": verdict.passed, "good": after.passed}
        print(json.dumps(answer | {"generation": client.hello().generation}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
