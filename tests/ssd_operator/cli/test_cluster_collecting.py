"""`kubectl sd gc` on a real API server: in the middle of runs, and nothing that any of them names goes."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.kubelet import runs_on
from cluster.pod_status import ended
from cluster.world import World, condition, in_phase, stage, stage_in
from controlplane.plane import ControlPlane
from ssd_jobs.commands import collect
from ssd_jobs.contract import files
from ssd_operator import naming
from ssd_operator.cli.claim_names import ARTIFACT, named_on
from ssd_operator.cluster.paths import KINDS
from ssd_operator.errors import Busy

pytestmark = pytest.mark.endurance

FIXED = {"gate": {"baseline": "Fixed"}}
ORPHAN = f"samples/{'f' * 32}"


class Volume:
    """The claim, of which a folder plays the part."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, path: str) -> None:
        """Let an artifact be there."""
        directory = self.folder / path
        directory.mkdir(parents=True, exist_ok=True)
        (directory / files.MANIFEST).write_text(json.dumps({"digest": path}))

    def there(self) -> set[str]:
        """Return the artifacts."""
        return {"/".join(path.relative_to(self.folder).parts[:2]) for path in self.folder.rglob(files.MANIFEST)}


async def collector(world: World, volume: Volume, *, removes: bool, form: str = "text") -> str:
    """Play the node of the collecting pod: mount, run its command, say how it ended."""
    name = ""
    while not name:
        found = [raw async for raw in world.api.list("Pod", world.namespace)]
        pods = [
            raw
            for raw in found
            if naming.LABEL_STAGE not in raw["metadata"]["labels"] and raw["status"].get("phase") == "Pending"
        ]
        for raw in pods:
            mounted = await world.api.find("ConfigMap", world.namespace, raw["spec"]["volumes"][0]["configMap"]["name"])
            name = raw["metadata"]["name"] if mounted else ""
        await world.step()
        await asyncio.sleep(0.1)
    [container] = raw["spec"]["containers"]
    assert ("--remove" in container["command"]) == removes
    assert (container["command"][-2:] == ["--form", form]) == (form != "text")
    assert container["volumeMounts"][1] == {
        "name": "workspace",
        "mountPath": "/workspace",
        **({} if removes else {"readOnly": True}),
    }
    names = volume.folder / "names.json"
    assert mounted is not None
    names.write_text(
        mounted["data"]["names.json"].replace("http://mlflow:5000", f"sqlite:///{volume.folder}/mlflow.db")
    )
    said = collect.main(["--workspace", str(volume.folder), "--names", str(names), *(["--remove"] if removes else [])])
    body = {"status": ended(raw, code=0, message="", reason="", disrupted=False)}
    await world.api.request(
        "PATCH",
        KINDS["Pod"].path(world.namespace, name, "status"),
        body=body,
        content_type="application/merge-patch+json",
    )
    return said


async def collecting(world: World) -> None:
    """Wait until the Job that removes is there."""
    while True:
        if any(name.startswith("ssd-collect-") for name in await world.jobs()):
            return
        await asyncio.sleep(0.1)


async def tells(world: World, plane: ControlPlane, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Type `kubectl sd gc`, and return how it ended."""
    kubectl = plane.kubectl.program
    path = f"{Path(sys.executable).parent}:{kubectl.parent}:{os.environ['PATH']}"
    environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig), "PATH": path}
    command = [str(kubectl), "sd", "gc", *arguments, "--namespace", world.namespace]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )


async def test_a_collection_in_the_middle_of_runs_takes_nothing_of_them(
    world: World, job_controller: ControlPlane, tmp_path: Path
) -> None:
    """One run trains, one begins meanwhile, one is over and keeps its results: only what none names goes."""
    volume = Volume(tmp_path)
    await world.apply(
        "over",
        promotion=FIXED,
        storage={"claimName": "experiments", "keep": "results"},
        sampling={"seed": 9},
        tracking={"uri": "http://mlflow:5000"},
    )
    over = await world.until(in_phase("Succeeded"), name="over")
    world.play(runs_on("train"))
    await world.apply(promotion=FIXED)
    raw = await world.until(stage_in("train", "Running"))
    for path in {*ARTIFACT.findall(json.dumps(raw["status"])), *ARTIFACT.findall(json.dumps(over["status"])), ORPHAN}:
        volume.put(path)
    mine, before = set(ARTIFACT.findall(json.dumps(raw["status"]))), volume.there()

    shown = asyncio.create_task(tells(world, job_controller, "toy", "-o", "json"))
    said = await collector(world, volume, removes=False, form="json")
    assert (await shown).returncode == 0
    assert f"{ORPHAN}\t" in said
    assert "nothing was, --remove does it" in said
    assert volume.there() == before

    removed = asyncio.create_task(tells(world, job_controller, "toy", "--remove"))
    await collecting(world)
    await world.apply("late", promotion=FIXED, sampling={"seed": 5})
    late = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "Collecting", name="late")
    assert stage(late, "prepare")["phase"] == "Planned"
    said = await collector(world, volume, removes=True)
    done = await removed
    assert done.returncode == 0, done.stderr
    assert ORPHAN not in volume.there()
    assert mine <= volume.there()
    assert volume.there() - mine <= {p for p in before if p.split("/")[0] in ("verdicts", "reports")}
    await world.until(lambda raw: stage(raw, "prepare").get("phase") == "Succeeded", name="late")


async def test_what_cannot_be_known_keeps_everything(world: World, job_controller: ControlPlane) -> None:
    """Nothing is made while an MLflow server, an image, or what a run will find is unknown: one sentence says what."""
    done = await tells(world, job_controller, "nothing")
    assert done.returncode == 64
    await world.apply()
    done = await tells(world, job_controller, "toy")
    assert done.returncode == 64
    assert "name them with --image and --secret" in done.stderr
    done = await tells(world, job_controller, "toy", "--image", "registry.lab/ssd-worker:1")
    assert done.returncode == 64
    assert "name it with --mlflow" in done.stderr
    assert not await world.jobs()


async def test_cells_that_have_yet_to_be_made_are_named(world: World) -> None:
    """A sweep that goes on names what its cells will find, and keeps all of those that are over."""
    await world.sweep(parallel=1)
    await world.operator.settle()
    names = await named_on(world.api, world.namespace, "experiments", uris=())
    [*cells] = await world.cells()
    assert len(cells) == 1
    samples = {path for path in names.named if path.startswith("samples/")}
    assert len(samples) > 1


async def test_a_run_that_does_not_know_yet_keeps_everything(world: World) -> None:
    """Until prepare has said what the model is, what the run names is not known."""
    await world.apply(model={"source": {"huggingFace": {"repo": "lab/model"}}, "promptMode": "Raw"})
    with pytest.raises(Busy, match="toy: what it names on the claim is known once prepare is done"):
        await named_on(world.api, world.namespace, "experiments", uris=())
