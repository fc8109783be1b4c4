"""A connection that dies before or after a write, taking the whole operator with it, and a ledger of what was made."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ssd_operator import naming
from ssd_operator.cluster import Api

Raw = dict[str, Any]
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Crash(BaseException):
    """The process is gone."""


class Ledger:
    """Every Job that was ever made, and every write, over all lives of the operator."""

    def __init__(self) -> None:
        self.jobs: Counter[str] = Counter()
        """Stage key -> Jobs made."""
        self.writes: Counter[str] = Counter()

    def note(self, verb: str, path: str, body: Raw | None) -> None:
        """Write down what the API server accepted."""
        self.writes[f"{verb} {path.rsplit('/', 1)[-1]}"] += 1
        if verb == "POST" and path.endswith("/jobs") and body is not None:
            self.jobs[body["metadata"]["annotations"][naming.ANNOTATION_KEY]] += 1


class Mortal(Api):
    """An Api whose writes may be its last; `dies` is asked before and after each that succeeds."""

    def __init__(self, api: Api, ledger: Ledger, dies: Callable[[str], bool] = lambda _when: False) -> None:
        super().__init__(api._transport)
        self._ledger = ledger
        self._dies = dies

    async def request(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Raw | None = None,
        content_type: str = "application/json",
    ) -> Raw:
        """Send a request, or die."""
        if verb in WRITES and self._dies("before"):
            raise Crash
        answer = await super().request(verb, path, query=query, body=body, content_type=content_type)
        if verb in WRITES:
            self._ledger.note(verb, path, body)
            if self._dies("after"):
                raise Crash
        return answer


def after_writes(count: int) -> Callable[[str], bool]:
    """Die after so many writes that succeeded."""
    left = [count]

    def dies(when: str) -> bool:
        if when == "after":
            left[0] -= 1
        return left[0] <= 0 and when == "after"

    return dies


__all__ = ["Crash", "Ledger", "Mortal", "after_writes"]
