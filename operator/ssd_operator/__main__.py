"""The operator's program: `python -m ssd_operator` reads `settings` and serves until it is stopped."""

import asyncio
import logging
import os
import sys
from asyncio import sslproto
from pathlib import Path

from ssd_operator import manifests, settings
from ssd_operator.cluster import ApiError
from ssd_operator.errors import Busy, SsdError
from ssd_operator.serve import garbage, process

__all__ = ["main"]

DEEPEST = 30_000
"""Frames: the API server takes JSON of 10,000 levels, and one such resource must not end every listing."""
TLS_BUFFER = 32 * 1024
"""Bytes that asyncio sets aside for each connection, of which a list of namespaces has three per namespace: with its
own 256 KiB the buffers of 200 namespaces are 150 MB. A TLS record has 16 KiB at most."""
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main() -> int:
    """Run until stopped; outside a cluster, KUBECONFIG says which one."""
    try:
        return _serve(settings.from_environment(os.environ))
    except SsdError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except ApiError as error:
        sys.stderr.write(f"the API server does not let the operator begin: {error}\n")
        return Busy.exit_code


def _serve(found: settings.Settings) -> int:
    """Log as the settings say, and serve."""
    manifests.check(found)
    sys.setrecursionlimit(DEEPEST)
    sslproto.SSLProtocol.max_size = TLS_BUFFER
    logging.basicConfig(level=found.log_level.upper(), format=FORMAT, stream=sys.stderr)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    kubeconfig = Path(os.environ["KUBECONFIG"]) if "KUBECONFIG" in os.environ else None
    garbage.look_seldom()
    return asyncio.run(process.run(found, kubeconfig=kubeconfig))


if __name__ == "__main__":
    sys.exit(main())
