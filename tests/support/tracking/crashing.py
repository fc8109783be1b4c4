"""A client of MLflow that dies at a chosen write, and one that only counts."""

from typing import Any

WRITES = ("create_", "delete_", "finalize_", "log_", "set_", "update_")


class Killed(BaseException):
    """The process is gone; no handler of ours may notice."""


class Crashing:
    """Passes everything on; dies before the write with this number, and after it when asked to."""

    def __init__(self, client: Any, *, at: int | None = None, after: bool = False) -> None:
        self._client = client
        self._at = at
        self._after = after
        self.writes: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not name.startswith(WRITES):
            return found

        def write(*arguments: Any, **named: Any) -> Any:
            number = len(self.writes)
            if number == self._at and not self._after:
                raise Killed(f"before {name}")
            self.writes.append(name)
            answer = found(*arguments, **named)
            if number == self._at:
                raise Killed(f"after {name}")
            return answer

        return write
