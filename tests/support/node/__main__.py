"""Starts the test cluster with a real node and keeps it until Ctrl-C: to look around, or to try a chart by hand.

`PYTHONPATH=tests/support python -m node` prints the line that makes kubectl and helm use it; `--images` also builds the
product's images and brings them to the node. Whatever ends it, nothing of it remains.
"""

import argparse
import signal
import sys
import time

from controlplane import binaries
from controlplane.errors import Unavailable
from node import images
from node.node import Node, machine_for_a_node


def main() -> int:
    """Start, say how to use it, wait to be ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", action="store_true", help="build the product's images and load them")
    with_images = parser.parse_args().images
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run(with_images=with_images)
    except KeyboardInterrupt:
        return 130
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def run(*, with_images: bool) -> None:
    """Keep a node until a signal ends this program."""
    with machine_for_a_node() as (places, builder):
        built = images.build(builder) if with_images else None
        begin = time.monotonic()
        with Node(places, builder) as node:
            print(f"node ready in {time.monotonic() - begin:.0f} s")
            if built:
                prefix, tag = node.load(built)
                print(f"--set image.prefix={prefix} --set image.tag={tag} --set mlflow.image={prefix}ssd-worker:{tag}")
            print(f"export KUBECONFIG={node.plane.kubeconfig} PATH={binaries.find('kubectl').parent}:$PATH", flush=True)
            signal.pause()


if __name__ == "__main__":
    sys.exit(main())
