"""Processes that want one alias at the same moment, and one that holds the lock until it is killed."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

from configs.report import promotion_of
from ssd_jobs import contract, tracking
from ssd_jobs.errors import Temporary
from ssd_jobs.tracking import Candidate, Recorded, lock


def race(uris: list[str], model: str, mine: str, rounds: int) -> None:
    """In each round register a candidate for a model without champion; print who became champion."""
    clients = [tracking.connect(uri) for uri in uris]
    for number in range(rounds):
        uri, client = uris[number % len(uris)], clients[number % len(uris)]
        name = f"{model}-{number}"
        tracked = contract.Tracking(uri=uri, experiment=name, run_key=f"{name}-{mine}", run_name=name)
        promotion = promotion_of(name, upload_weights=False, claim="c")
        candidate = Candidate(directory=Path(), path=mine, digest=f"{name}-{mine}", tags={})
        where = Recorded("", "", "")
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            found = tracking.register(
                tracked, promotion, candidate, where=where, promote=True, replacing="", client=client
            )
            print(f"won {found.version}", flush=True)
        except Temporary:
            print("lost", flush=True)


def hold(uris: list[str], name: str) -> None:
    """Hold the lock for good."""
    with ExitStack() as held:
        for uri in uris:
            held.enter_context(lock.held(tracking.connect(uri), name, owner="the holder", lease_s=3600))
        print("held", flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    if sys.argv[1] == "race":
        race(sys.argv[5:], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        hold(sys.argv[3:], sys.argv[2])
