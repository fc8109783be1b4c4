"""The machine's task under many numbers: a pool to sample on and a benchmark to measure with.

Every problem asks for the same computation, so all of them share one distribution of answers. That is the point of a
positive control and also its limit: it tests sampling, training, selection and gate, and says nothing about
generalisation. Four inputs tell the two right programs from all other 16^5 - 2 (`tests/ssd_jobs/toy`).
"""

from collections.abc import Iterator

__all__ = ["BENCHMARK_SIZE", "INPUTS", "MOST", "TASK", "answer", "benchmark", "pool", "statement"]

BENCHMARK_SIZE = 300
MOST = 90_000
"""The largest pool: numbers of five digits, of which the first hundreds are the benchmark's."""
FIRST_OF_POOL = 1_000
INPUTS = (-9596, 7683, 5, -15)
TASK = (
    "read an integer, double it, add 5, multiply by 7, keep the bits of 61, subtract 11, and print what it has become."
)


def pool(size: int = MOST) -> Iterator[tuple[str, str]]:
    """Yield ids and statements of the pool."""
    yield from (_problem(FIRST_OF_POOL + number) for number in range(size))


def benchmark(size: int = BENCHMARK_SIZE) -> Iterator[tuple[str, str]]:
    """Yield ids and statements of the benchmark, which shares no number with the pool."""
    yield from (_problem(number) for number in range(size))


def statement(number: int) -> str:
    """Return what the model reads."""
    return f"Run {number:05d}: {TASK}"


def answer(number: int) -> int:
    """Return what a right program prints."""
    return (((number * 2 + 5) * 7) & 61) - 11


def _problem(number: int) -> tuple[str, str]:
    return f"machine-{number:05d}", statement(number)
