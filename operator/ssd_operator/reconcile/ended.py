"""Runs that are over: when one must be looked at as a whole again, though nothing of it but a few facts is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ssd_operator.cluster import Ended, Key, ResourceIdentity, Run, Store

__all__ = ["EndedRuns"]


class EndedRuns:
    """Tells from few facts, without a request, whether there is anything to do about a run that is over."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._looked: dict[Key, tuple[ResourceIdentity, datetime | None]] = {}
        """Runs whose newest spec was refused, as they were looked at last, and when that is due again."""

    def forget(self, key: Key) -> None:
        """Drop what is known of a resource."""
        self._looked.pop(key, None)

    def note(self, run: Run, delay: float | None) -> None:
        """Remember that a run was looked at as a whole, and when to do so again."""
        kept = self._store.resource(run.key)
        if isinstance(kept, Ended) and not kept.settled and kept.identity == run.identity:
            again = None if delay is None else self._clock() + timedelta(seconds=delay)
            self._looked[run.key] = (run.identity, again)
        else:
            self.forget(run.key)

    def is_due(self, ended: Ended) -> bool:
        """Tell whether a run changed, has a Job that nobody needs any more, or is to be deleted."""
        if any(not job.end and not job.deleting for job in self._store.owned(ended.uid)):
            return True
        if not ended.settled and self._looked.get(ended.key, (None, None))[0] != ended.identity:
            return True
        again = self._again(ended)
        return again is not None and self._clock() >= again

    def next_look(self, ended: Ended) -> float | None:
        """Return after how many seconds to look again, or None when only an event can change anything."""
        again = self._again(ended)
        return None if again is None else max((again - self._clock()).total_seconds(), 0.0) + 0.1

    def _again(self, ended: Ended) -> datetime | None:
        """Return when it is due though nothing changes: of a refused spec the one in force before knows that."""
        return ended.expires if ended.settled else self._looked[ended.key][1]
