"""Heartbeats of the gang's launchers: a node that is lost is noticed within seconds.

Every launcher counts up a heartbeat in the rendezvous store, from a thread that nothing in training can block. A
collective would wait for a lost node until its own timeout; a launcher knows within seconds, whatever the backend.
"""

import datetime as dt
import threading
import time

import torch._C._distributed_c10d as c10d
import torch.distributed as dist

__all__ = ["Peers"]

INTERVAL_S = 1.0
SILENCE_S = 15.0
"""A peer that has not counted for so long is lost."""


class Peers:
    """The heartbeats of one attempt's nodes."""

    def __init__(self, host: str, port: int, *, attempt: str, node: int, nodes: int, timeout_s: float) -> None:
        self.lost = threading.Event()
        self.reason = ""
        self._address, self._timeout_s = (host, port), timeout_s
        self._attempt, self._node = attempt, node
        self._others = [other for other in range(nodes) if other != node]
        self._over = threading.Event()
        self._code = 0
        self._thread = threading.Thread(target=self._watch, name="peers", daemon=True)
        self._thread.start()

    def leave(self, code: int) -> None:
        """Record this node's exit code for the others, and stop watching them."""
        self._code = code
        self._over.set()
        self._thread.join(timeout=SILENCE_S)

    def _watch(self) -> None:
        """Send heartbeats and check the others', until this node is done or another one is lost."""
        try:
            store = self._connect()
            seen = dict.fromkeys(self._others, (0, time.monotonic() + self._timeout_s))
            while not self._over.wait(INTERVAL_S):
                store.add(self._key("alive", self._node), 1)
                for other in self._others:
                    seen[other] = self._check(store, other, *seen[other])
            store.set(self._key("ended", self._node), str(self._code))
            if self._code and self._node == 0:
                time.sleep(2 * INTERVAL_S)  # the store ends with this process; the others shall read why
        except (dist.DistError, RuntimeError) as error:
            self._record_loss(f"the rendezvous store of node 0 is gone ({type(error).__name__})")
        except _LostError as error:
            self._record_loss(str(error))

    def _check(self, store: c10d.TCPStore, other: int, count: int, patience: float) -> tuple[int, float]:
        """Return a peer's count and until when it may be silent."""
        key = self._key("ended", other)
        if store.check([key]):
            code = int(store.get(key))
            if code:
                raise _LostError(f"node {other} failed with exit code {code}")
            return count, float("inf")
        now = store.add(self._key("alive", other), 0)
        if now != count:
            return now, time.monotonic() + SILENCE_S
        if time.monotonic() > patience:
            raise _LostError(f"node {other} has been silent for {SILENCE_S:.0f} s")
        return count, patience

    def _record_loss(self, reason: str) -> None:
        """Record that a peer is lost, and why."""
        if not self._over.is_set():
            self.reason = reason
            self.lost.set()

    def _connect(self) -> c10d.TCPStore:
        """Open a connection of our own; node 0 shares the server with torchrun's engine in the same process."""
        store = c10d.TCPStore(
            *self._address,
            is_master=self._node == 0,
            wait_for_workers=False,
            multi_tenant=True,
            timeout=dt.timedelta(seconds=self._timeout_s),
        )
        store.set_timeout(dt.timedelta(seconds=SILENCE_S))
        return store

    def _key(self, kind: str, node: int) -> str:
        """Return a key that no other attempt uses."""
        return f"ssd/{self._attempt}/{kind}/{node}"


class _LostError(Exception):
    """A peer is lost."""
