"""Which namespaces can be watched: one that is gone or refuses is left out, and the others go on without it.

A Role goes with its namespace, so a namespace that was deleted refuses as one without rights does. Neither is an
error of the operator: it is said once, counted in a metric, and the namespace is asked again until it answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ssd_operator.cluster import ApiError

__all__ = ["EVERYWHERE", "Namespaces"]

LOGGER = logging.getLogger(__name__)
EVERYWHERE = ""
"""Stands for the whole cluster, where a list of namespaces is expected."""
REFUSALS = frozenset({403, 404})


class Namespaces:
    """The namespaces that are to be watched, or the whole cluster when none is named."""

    def __init__(
        self, names: tuple[str, ...] = (), *, left_out: Callable[[str], None] = lambda _namespace: None
    ) -> None:
        self._names = tuple(dict.fromkeys(names)) or (EVERYWHERE,)
        self._unwatched: set[str] = set()
        self._left_out = left_out
        self.changed = asyncio.Event()
        """Set whenever the two lists below may have changed."""

    @property
    def everywhere(self) -> bool:
        """Tell whether the whole cluster is watched."""
        return self._names == (EVERYWHERE,)

    @property
    def watched(self) -> list[str]:
        """Return the namespaces that answer."""
        return [name for name in self._names if name not in self._unwatched]

    @property
    def unwatched(self) -> list[str]:
        """Return the namespaces that are left out for now."""
        return [name for name in self._names if name in self._unwatched]

    def refused(self, namespace: str, error: ApiError) -> bool:
        """Leave a namespace out because of this error, or tell that the error concerns more than the namespace."""
        if error.status not in REFUSALS or self.everywhere or namespace not in self._names:
            return False
        if namespace not in self._unwatched:
            LOGGER.warning("namespace %s is not watched: %s", namespace, error)
        self._unwatched.add(namespace)
        self._left_out(namespace)
        self.changed.set()
        return True

    def answered(self, namespace: str) -> None:
        """Watch a namespace that was left out."""
        if namespace in self._unwatched:
            LOGGER.warning("namespace %s is watched again", namespace)
            self._unwatched.remove(namespace)
            self.changed.set()
