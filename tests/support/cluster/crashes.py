"""A connection that dies before or after a write, taking the whole operator with it, and a ledger of what was made."""

from collections import Counter
from collections.abc import Callable

from cluster.transports import Passing
from ssd_operator import naming
from ssd_operator.cluster.transport import Answer, Request, Transport

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Crash(BaseException):
    """The process is gone."""


class Ledger:
    """Every Job and every run that was ever made, and every write, over all lives of the operator."""

    def __init__(self) -> None:
        self.jobs: Counter[str] = Counter()
        """Stage key -> Jobs made."""
        self.runs: Counter[str] = Counter()
        """Name -> SelfDistillations made."""
        self.writes: Counter[str] = Counter()

    def note(self, request: Request) -> None:
        """Write down what the API server accepted."""
        self.writes[f"{request.verb} {request.path.rsplit('/', 1)[-1]}"] += 1
        if request.verb == "POST" and request.path.endswith("/jobs") and request.body is not None:
            self.jobs[request.body["metadata"]["annotations"][naming.ANNOTATION_KEY]] += 1
        if request.verb == "POST" and request.path.endswith(f"/{naming.PLURAL}") and request.body is not None:
            self.runs[request.body["metadata"]["name"]] += 1


class Mortal(Passing):
    """A connection whose writes may be its last; `dies` is asked before and after each that succeeds."""

    def __init__(self, inner: Transport, ledger: Ledger, dies: Callable[[str], bool] = lambda _when: False) -> None:
        super().__init__(inner)
        self._ledger = ledger
        self._dies = dies

    async def send(self, request: Request) -> Answer:
        """Send a request, or die."""
        if request.verb in WRITES and self._dies("before"):
            raise Crash
        answer = await super().send(request)
        if request.verb in WRITES and answer.status < 400:
            self._ledger.note(request)
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
