"""A hung engine is given up, a slow one is not."""

import threading

from ssd_jobs.sampling.watchdog import Watchdog


def test_silence_ends_it() -> None:
    """Without a beat for the time given, the way out is taken."""
    hung = threading.Event()
    with Watchdog(0.05, on_hang=hung.set):
        assert hung.wait(30)


def test_a_beat_keeps_it_alive() -> None:
    """Time passes by the clock, but each beat starts it anew."""
    now = [0.0]
    looked = threading.Semaphore(0)

    def clock() -> float:
        looked.release()
        return now[0]

    hung = threading.Event()
    with Watchdog(0.04, on_hang=hung.set, clock=clock) as watchdog:
        for _ in range(20):
            now[0] += 0.03
            watchdog.beat()
            for _ in range(3):
                assert looked.acquire(timeout=30)
        assert not hung.is_set()
