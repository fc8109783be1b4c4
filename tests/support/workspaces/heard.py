"""A progress that keeps everything that a stage says of how far it is."""

from ssd_jobs.progress.recorder import Progress

__all__ = ["Heard"]


class Heard(Progress):
    """Keeps every update."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, float, float]] = []

    def update(self, *, done: float, total: float, unit: str, **values: float) -> None:
        """Keep unit, done and total."""
        self.said.append((unit, done, total))
        super().update(done=done, total=total, unit=unit, **values)

    def units(self) -> list[str]:
        """Return the units in the order in which they came, each once, of what came to its end."""
        return list(dict.fromkeys(unit for unit, done, total in self.said if done == total > 0))
