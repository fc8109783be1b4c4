"""`ssd manifests`: the Kubernetes objects that the operator would make, without a cluster."""

from collections.abc import Iterator
from typing import Annotated

import typer
import yaml

from ssd_operator import manifests, naming, plan, settings
from ssd_operator.cli import document, terminal
from ssd_operator.cli.output import YamlOption, is_json, write
from ssd_operator.cli.place import FileArgument
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["register"]

LATER = "known after prepare, which resolves what can move"
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("manifests")(show)


def show(
    file: FileArgument,
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Where they would be.")] = "default",
    uid: Annotated[str, typer.Option(metavar="UID", help="The resource's uid, when it exists already.")] = UNKNOWN,
    claim_uid: Annotated[str, typer.Option(metavar="UID", help="The claim's uid: names contain it.")] = UNKNOWN,
    form: YamlOption = "yaml",
) -> int:
    """Print the Kubernetes objects of an experiment; nothing is sent anywhere."""
    as_json = is_json(form, otherwise="yaml")
    name, spec = document.read(file)
    place = manifests.Place(
        experiment=name,
        namespace=namespace,
        claim=naming.claim_of(name, spec.storage.claim_name),
        claim_uid=claim_uid,
        spec=spec,
        settings=settings.Settings(),
    )
    around = plan.Surroundings(name=name, uid=uid, digests={})
    graph = plan.build(spec, around, place.platform())
    later = [node.name for node in graph if node.provisional]
    found = list(_objects(spec, place, graph, uid))
    if as_json:
        write({"apiVersion": "v1", "kind": "List", "items": found})
        terminal.warn([f"{each}: {LATER}" for each in later])
    else:
        typer.echo("".join((*map(_yaml, found), *(f"---\n# {each}: {LATER}\n" for each in later))), nl=False)
    return 0


def _objects(spec: ResolvedSpec, place: manifests.Place, graph: plan.Graph, uid: str) -> Iterator[manifests.Object]:
    """Yield every object that is known before prepare has run."""
    name, namespace = place.experiment, place.namespace
    pod = manifests.common_pod(spec, place.settings)
    once = [manifests.resolved(spec, pod, name=name, namespace=namespace, uid=uid)]
    once.append(manifests.isolation(pod, name=name, namespace=namespace, uid=uid))
    if spec.storage.template is not None:
        once.append(manifests.claim(spec.storage.template, pod, name=name, namespace=namespace))
    yield from once
    for node in graph:
        if not node.provisional:
            yield from manifests.objects(node, place)


def _yaml(value: manifests.Object) -> str:
    """Write one object."""
    return "---\n" + yaml.safe_dump(value, sort_keys=False, width=120)
