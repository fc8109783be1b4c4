"""Process 1 of the node: it adopts what others leave behind, and while it lives the node does.

Run as a program. Every other process of the node dies with it, because the kernel ends a pid namespace with its first
process.
"""

import os
import signal


def main() -> None:
    """Collect the dead, for ever."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        _collect()
        signal.sigwait({signal.SIGCHLD})


def _collect() -> None:
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


if __name__ == "__main__":
    main()
