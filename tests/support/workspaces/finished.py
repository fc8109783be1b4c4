"""What finished stages leave as far as the local runner looks: manifests, and the decode setting that select chose."""

import json
from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.local import cache
from ssd_operator.plan import Node


def finish(workspace: Path, node: Node) -> None:
    """Leave a manifest with the right key in every directory, after every stage that it waits for."""
    for artifact in cache.made_by(workspace, node):
        for directory in cache.directories(workspace, artifact):
            directory.mkdir(parents=True, exist_ok=True)
            (directory / files.MANIFEST).write_text(json.dumps({"key": artifact.key}))
            if isinstance(node.config, contract.SelectConfig):
                (directory / files.SELECTION).write_text(selection(node.config).model_dump_json())


def selection(config: contract.SelectConfig) -> contract.Choice:
    """Return a choice of the last setting."""
    tried = tuple(contract.Tried(name=each.name, decode=each.decode, value=0.5) for each in config.settings)
    return contract.Choice(
        arm=config.arm,
        chosen=tried[-1].name,
        benchmark=config.select_benchmark,
        problems=80,
        k=config.science.k,
        tried=tried,
    )
