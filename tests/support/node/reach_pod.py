"""Run inside a grade pod: what can the grader's container reach, and what can a program in its sandbox reach?

Prints two lines of JSON, each a list with one word per address of `--addresses`: first the container's own, then the
sandboxed program's. The grader also listens, as a neighbour in another pod would, and its address is tried as well.
"""

import argparse
import json
import socket
import subprocess
import sys
from pathlib import Path

from sandbox.grading import grade_program
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade import ProblemTests, Test

LIMITS = Limits(cpu_seconds=6, wall_seconds=60, memory_mb=256, output_mb=1)
PROGRAM = """
import json, sys
words = []
for host, port in json.loads(sys.stdin.readline()):
    try:
        import socket
        socket.create_connection((host, port), timeout=5).close()
        words.append("reached")
    except BaseException:
        words.append("refused")
print(json.dumps(words))
"""


def main() -> int:
    """Try from outside of the sandbox, then from inside of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--addresses", nargs="*", default=[])
    options = parser.parse_args()
    listener = socket.create_server(("0.0.0.0", 0))
    port = listener.getsockname()[1]
    addresses = [[host, int(number)] for host, _, number in (each.rpartition(":") for each in options.addresses)]
    addresses += [[socket.gethostbyname(socket.gethostname()), port], ["127.0.0.1", port]]
    given = json.dumps(addresses)
    outside = subprocess.run([sys.executable, "-c", PROGRAM], input=given, capture_output=True, text=True, check=True)
    print(outside.stdout.strip(), flush=True)
    refused = json.dumps(["refused"] * len(addresses))
    problem = ProblemTests("stdin", "", (Test(f"{given}\n", f"{refused}\n"),))
    verdict = grade_program(
        Client(options.socket, connect_seconds=120), problem, PROGRAM, mode="Process", limits=LIMITS
    )
    print(refused if verdict.passed else json.dumps([str(verdict.kind), verdict.reason]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
