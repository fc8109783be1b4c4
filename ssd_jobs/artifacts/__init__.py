"""Artifacts on disk: directories that are complete or absent, and the tables in them.

An artifact is one directory below the workspace whose manifest is written last. `atomic` writes single files,
`manifest` is the evidence, `draft` is the only way to write an artifact, and `reading` the only way to read one.
"""

from ssd_jobs.artifacts.draft import Draft, claim
from ssd_jobs.artifacts.manifest import Manifest
from ssd_jobs.artifacts.reading import Artifact, complete, open_artifact
from ssd_jobs.artifacts.sharding import joint_digest, open_shards, shard_of

__all__ = [
    "Artifact",
    "Draft",
    "Manifest",
    "claim",
    "complete",
    "joint_digest",
    "open_artifact",
    "open_shards",
    "shard_of",
]
