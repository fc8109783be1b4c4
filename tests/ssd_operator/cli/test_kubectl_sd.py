"""`kubectl sd`: runs on a real API server, looked at and steered by the plugin that kubectl itself finds."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.kubelet import RUNS, Ends, Waits, runs_on
from cluster.log_server import NODE, serving_logs
from cluster.plugin import Plugin
from cluster.pods import bind
from cluster.world import CLAIM, World, condition, in_phase, stage, stage_in
from controlplane.plane import ControlPlane
from ssd_operator.settings import Settings

FIXED = {"gate": {"baseline": "Fixed"}}
"""The shortest graph."""


class Person(Plugin):
    """Somebody with kubectl and this package, who writes files."""

    def __init__(self, plane: ControlPlane, namespace: str, folder: Path) -> None:
        super().__init__(plane, namespace)
        self._folder = folder

    def file(self, name: str, **spec: Any) -> str:
        """Write a resource into a file, and return its path."""
        body = {"preset": "toy", "storage": {"claimName": CLAIM}, "promotion": FIXED, **spec}
        document = {"apiVersion": "selfdistill.dev/v1alpha1", "kind": "SelfDistillation", "metadata": {"name": name}}
        (self._folder / f"{name}.yaml").write_text(yaml.safe_dump({**document, "spec": body}))
        return str(self._folder / f"{name}.yaml")


@pytest.fixture
def person(job_controller: ControlPlane, world: World, tmp_path: Path) -> Person:
    return Person(job_controller, world.namespace, tmp_path)


async def test_why_says_what_get_and_describe_show(world: World, person: Person) -> None:
    """One sentence with phase, reason and message of the resource, and the same in JSON; before an operator, that."""
    await world.apply()
    assert "no operator has looked at it yet" in await person.tells("why", "toy")
    world.play(lambda _pod: Waits(reason="ImagePullBackOff", message="no such tag"))
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "ImagePull")
    sentence = f"Waiting, ImagePull: {condition(raw, 'Progressing')['message']}"
    assert await person.tells("why", "toy") == f"{sentence}\n"
    told = await person.reads("why", "toy")
    assert told == {"namespace": world.namespace, "name": "toy", "phase": "Waiting", "why": sentence}
    shown = await person.tells("status", "toy")
    assert sentence in shown
    assert "prepare" in shown
    assert (await person.reads("status", "toy"))["status"] == raw["status"]


async def test_a_run_is_steered(world: World, person: Person) -> None:
    """Suspended, resumed, and begun again from a stage, twice, with a new nonce each time; what was before is kept."""
    world.play(runs_on("train"))
    await world.apply(promotion=FIXED)
    await world.until(stage_in("train", "Running"))
    assert await person.tells("suspend", "toy") == "toy is suspended\n"
    await world.until(in_phase("Suspended"))
    assert "set spec.suspend to false" in await person.tells("why", "toy")
    assert (await person.reads("resume", "toy"))["spec"] == {"suspend": False}
    world.play(lambda _pod: Ends())
    done = await world.until(in_phase("Succeeded"))
    for nonce in ("2", "3"):
        again = await person.reads("rerun", "toy", "report")
        assert again["spec"] == {"rerun": {"from": "Report", "nonce": nonce}}
        keys = {each["name"]: each["key"] for each in done["status"]["stages"]}
        await world.step()
        done = await world.until(in_phase("Succeeded"))
        changed = {name for name, key in keys.items() if stage(done, name)["key"] != key}
        assert changed == {"report"}
    assert "is no stage of toy; name one of prepare" in await person.tells("rerun", "toy", "trains", code=64)


async def test_a_file_is_compared_with_what_is_there(world: World, person: Person) -> None:
    """What is done, what another run on the claim has made, what would run again, and what would be refused."""
    await world.apply(promotion=FIXED)
    before = await world.until(in_phase("Succeeded"))
    assert {row["state"] for row in await person.reads("plan", person.file("toy"))} == {"done"}
    rows = await person.reads("plan", person.file("two", training={"seed": 7}))
    states = {row["stage"]: row["state"] for row in rows}
    assert states["prepare"] == states["sample"] == "found: another run on this claim made it"
    assert states["train"] == states["report"] == "to do"
    assert "is not on the cluster" in await person.tells("diff", person.file("two"), code=64)

    rows = await person.reads("diff", person.file("toy", rerun={"from": "Train", "nonce": "2"}))
    again = {row["stage"]: row for row in rows}
    assert {"train", "generate-candidate-toy", "grade-candidate-toy", "report"} <= again.keys()
    assert not {"prepare", "sample", "curate", "generate-base-toy", "grade-base-toy"} & again.keys()
    assert {row["state"] for row in rows} == {"runs again"}
    assert again["train"]["now"] == stage(before, "train")["key"][:12] != again["train"]["key"]
    assert "training" in await person.tells("diff", person.file("toy", training={"seed": 7}), code=64)
    assert (await world.get())["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


async def test_the_log_of_a_shared_stage_is_found(
    job_controller: ControlPlane, world: World, person: Person, tmp_path: Path
) -> None:
    """The second owner of a Job reads the log of the first one's pods: by stage, by shard, or of what runs now."""
    async with serving_logs(job_controller, world.api, tmp_path):
        world.play(lambda pod: Ends() if pod.stage == "prepare" else RUNS)
        await world.apply("second", sampling={"shards": 2})
        assert "no stage has a Job yet" in await person.tells("logs", "second", code=64)
        await world.apply("first", sampling={"shards": 2})
        for name in ("first", "second"):
            await world.until(stage_in("sample", "Running"), name=name)
        pods = [pod for pod in await world.pods_at_work() if pod.startswith("ssd-sample-")]
        for pod in pods:
            await bind(world.api, world.namespace, pod, node=NODE)
        told = await person.tells("logs", "second", "sample", "--tail", "7")
        for pod in pods:
            assert f"{pod} was asked for tailLines=7" in told
        one = await person.tells("logs", "second", "--shard", "1")
        assert [pod for pod in pods if pod in one] == [pod for pod in pods if pod.split("-")[-2] == "1"]
        assert "those are: prepare, sample" in await person.tells("logs", "second", "train", code=64)


async def test_top_shows_the_pace_of_what_runs(world: World, person: Person) -> None:
    """Done and total as the worker told them, and the average since the stage began; other namespaces by -A."""
    page = 'ssd_progress_done{unit="steps"} 30.0\nssd_progress_total{unit="steps"} 100.0\n'

    async def answer(_url: str) -> str:
        return page

    world.metrics = answer
    world.settings = Settings()
    world.new_operator()
    world.play(runs_on("train"))
    await world.apply()
    await world.until(lambda raw: "progress" in stage(raw, "train"))
    [row] = [row for row in await person.reads("top") if row["stage"] == "train"]
    assert (row["name"], row["stage"], row["progress"]) == ("toy", "train", "30/100 steps")
    assert float(row["per_minute"]) > 0
    assert row["left"]
    everywhere = await person.tells("top", "-A")
    assert everywhere.splitlines()[0].split()[0] == "NAMESPACE"
    assert world.namespace in everywhere


async def test_a_resource_that_is_not_there_is_one_sentence(person: Person) -> None:
    """The API server's own words, exit 64."""
    told = await person.tells("why", "nobody", code=64)
    assert "not found" in told
    assert told.count("\n") == 1
