"""Crash schedules of a sweep: whatever write is the last one, a new operator that knows nothing finishes the sweep,
and no cell is made twice.

The cells are played: what they do is the business of their own passes. `test_sweeps.py` has both on a real API server.
"""

import os
import random
from typing import Any

import pytest

from cluster.crashes import Crash, Ledger, Mortal
from cluster.memory import Memory
from cluster.worker import sha
from cluster.world import MOST_PASSES, Clock, Operator
from resources.sweeps import sweep_spec
from ssd_operator import naming
from ssd_operator.cluster import Api, Key
from ssd_operator.spec.sweep_resource import parse_sweep

SCHEDULES = int(os.environ.get("SSD_SWEEP_SCHEDULES", "500"))
SHORT = 30
NAMESPACE = "lab"
KEY = Key(naming.SWEEP_KIND, NAMESPACE, "heat")
VALUES = (0.5, 1.0, 1.5)
MOST_STEPS = 500

Raw = dict[str, Any]


class Study:
    """A small sweep in a cluster that is played, edited by a person now and then."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.chance = self.dice.choice([0.05, 0.2, 0.5])
        self.server = Memory()
        self.admin = Api(self.server)
        self.ledger = Ledger()
        self.values = list(VALUES[:2])
        self.again: set[str] = set()
        """Cells that were taken out of the plan once, and may be made again."""
        self.operator = self.new_operator()

    def new_operator(self) -> Operator:
        """Start an operator that knows nothing."""
        api = Api(Mortal(self.server, self.ledger, lambda _when: self.dice.random() < self.chance))
        self.operator = Operator(api, NAMESPACE, clock=Clock())
        return self.operator

    def spec(self) -> Raw:
        """Return the sweep as it is written now."""
        axis = {"name": "Ttrain", "field": "sampling.temperature", "values": self.values}
        return sweep_spec(axes=[axis], replicates=1, parallel=2)

    def document(self) -> Raw:
        """Return the whole resource."""
        metadata = {"name": KEY.name, "namespace": NAMESPACE}
        return {"apiVersion": naming.API_VERSION, "kind": KEY.kind, "metadata": metadata, "spec": self.spec()}

    async def look(self) -> None:
        """Let the operator look until it rests, or dies."""
        try:
            await self.operator.observe()
            for _ in range(MOST_PASSES):
                if await self.operator.sweeps.reconcile(KEY) != 0.0:
                    return
            raise AssertionError("never comes to rest")
        except Crash:
            self.new_operator()

    async def play(self) -> None:
        """Let one cell end, or a person change something."""
        match self.dice.randrange(8):
            case 0:
                self.values = sorted(self.dice.sample(VALUES, self.dice.randint(1, 3)))
                before = await self.runs()
                await self.change(axes=self.spec()["axes"])
                self.again |= before.keys() - self.names()
            case 1:
                raw = await self.admin.get(KEY.kind, NAMESPACE, KEY.name)
                await self.change(suspend=not raw["spec"].get("suspend", False))
            case _:
                await self.end_one()

    async def end_one(self) -> None:
        """Let a cell end that is not suspended."""
        runs = await self.runs()
        live = [raw for raw in runs.values() if not raw["spec"].get("suspend") and "status" not in raw]
        if live:
            raw = self.dice.choice(live)
            phase = self.dice.choice(["Succeeded", "Succeeded", "Failed"])
            condition = {"type": phase, "status": "True", "message": "as the dice fell"}
            status = {
                "phase": phase,
                "observedGeneration": raw["metadata"]["generation"],
                "conditions": [condition],
                "stages": self.stages(raw),
            }
            await self.admin.replace_status({**raw, "status": status})

    def stages(self, _raw: Raw) -> list[Raw]:
        """Return what a cell that has ended says of its stages."""
        return []

    async def change(self, **spec: Any) -> None:
        """Edit the sweep."""
        await self.admin.patch(KEY.kind, NAMESPACE, KEY.name, {"spec": spec})

    async def runs(self) -> dict[str, Raw]:
        """Return all cells that are there."""
        return {raw["metadata"]["name"]: raw async for raw in self.admin.list(naming.KIND, NAMESPACE)}

    def names(self) -> set[str]:
        """Return the cells of the plan."""
        return {cell.name for cell in parse_sweep(self.document()).cells()}


class Chain(Study):
    """The same with three rounds of each cell."""

    def spec(self) -> Raw:
        """Return the sweep as it is written now."""
        return {**super().spec(), "baseline": None, "rounds": {"count": 3, "freshPrompts": False}}

    def document(self) -> Raw:
        """Return the whole resource, without what is not written."""
        found = super().document()
        del found["spec"]["baseline"]
        return found

    def stages(self, raw: Raw) -> list[Raw]:
        """Return what the round leaves, and what its arms scored on select problems."""
        name = raw["metadata"]["name"]
        digest = {kind: sha(kind, name) for kind in ("prepare", "train", "report")}
        left: list[Raw] = [
            {"name": "prepare", "digests": {"model": digest["prepare"]}, "artifact": {"path": "problems/1"}},
            {"name": "train", "artifact": {"path": f"checkpoints/{digest['train'][:16]}", "digest": digest["train"]}},
            {"name": "report", "artifact": {"path": f"reports/{digest['report'][:16]}"}},
        ]
        choice = {"setting": "t1", "metric": "pass@1", "settings": 2, "problems": 40}
        chosen = [
            {"name": f"select-{arm}-toy", "choice": {**choice, "value": self.dice.choice(["0.25", "0.5"])}}
            for arm in ("base", "candidate")
        ]
        return [{**each, "kind": str(each["name"]).split("-")[0], "phase": "Succeeded"} for each in [*left, *chosen]]

    async def judge(self, rows: list[Raw]) -> None:
        """Every round that there is starts from the digest of the one before; one that is skipped says why."""
        cells = {cell.name: cell for cell in parse_sweep(self.document()).cells()}
        runs = await self.runs()
        for row in rows:
            before = cells[row["name"]].after
            if row["phase"] == "Skipped":
                assert before
                assert row["message"].startswith("round ")
            elif before:
                source = runs[row["name"]]["spec"]["model"]["source"]
                assert source["export"]["digest"] == sha("train", before)


async def finish(study: Study) -> list[Raw]:
    """Play one schedule to its end, judge it, and return the rows."""
    await study.admin.create(study.document())
    for _ in range(study.dice.randint(1, 30)):
        await study.look()
        await study.play()
    await study.change(suspend=False)
    for _ in range(MOST_STEPS):
        await study.look()
        await study.end_one()
        raw = await study.admin.get(KEY.kind, NAMESPACE, KEY.name)
        rows: list[Raw] = raw.get("status", {}).get("cells", [])
        made = study.names() - {row["name"] for row in rows if row["phase"] == "Skipped"}
        if raw.get("status", {}).get("completionTime") and set(await study.runs()) == made:
            break
    else:
        raise AssertionError(f"never ends: {raw}")
    assert {row["name"] for row in rows} == study.names()
    assert {row["phase"] for row in rows} <= {"Succeeded", "Failed", "Skipped"}
    twice = {name for name, count in study.ledger.runs.items() if count > 1}
    assert twice <= study.again
    return rows


async def test_short_schedules() -> None:
    """Thirty seeded schedules of crashes, edits, suspensions and ends: each cell has one resource in the end."""
    for seed in range(SHORT):
        rows = await finish(Study(seed))
        assert not any(row["phase"] == "Skipped" for row in rows)


async def test_short_schedules_of_rounds() -> None:
    """The same of chains: a round begins when the one before has ended well, from its digest, and none after a fall."""
    for seed in range(SHORT // 2):
        chain = Chain(seed)
        await chain.judge(await finish(chain))


@pytest.mark.endurance
async def test_many_schedules() -> None:
    """Five hundred of them."""
    for seed in range(SHORT, SHORT + SCHEDULES):
        await finish(Study(seed))
