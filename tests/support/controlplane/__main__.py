"""Builds what the real control plane of the tests needs, unless this machine has it, and prints where it is.

`PYTHONPATH=tests/support python -m controlplane` is what `make` runs before the tests, so that the minutes of a first build are
seen; `--coredns` adds the cluster DNS that only the node level needs.
"""

import argparse
import sys

from controlplane import binaries
from controlplane.errors import Unavailable


def main() -> int:
    """Find or build, print one path per program, and answer with an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--coredns", action="store_true", help="also build the cluster DNS of the node level")
    programs = ["kube-apiserver", "kube-controller-manager", *(["coredns"] if parser.parse_args().coredns else [])]
    try:
        found = [binaries.find(program) for program in programs]
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{path}\n" for path in found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
