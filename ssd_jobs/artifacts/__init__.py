"""Artifacts on disk: directories that are complete or absent, and the tables in them.

An artifact is one directory below the workspace whose `manifest.json` is written last. `layout` knows the
roots and the names of shards, `atomic` writes single files, `manifest` is the evidence, `draft` is the only way
to write an artifact, and `reading` the only way to read one.
"""

from ssd_jobs.artifacts.draft import Draft, claim
from ssd_jobs.artifacts.layout import shard_path
from ssd_jobs.artifacts.manifest import MANIFEST, Manifest
from ssd_jobs.artifacts.reading import Artifact, complete, opened, sharded, sharded_digest

__all__ = [
    "MANIFEST",
    "Artifact",
    "Draft",
    "Manifest",
    "claim",
    "complete",
    "opened",
    "shard_path",
    "sharded",
    "sharded_digest",
]
