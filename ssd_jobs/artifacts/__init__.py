"""Artifacts on disk: directories that are complete or absent, and the tables in them.

An artifact is one directory below the workspace whose manifest is written last. `atomic` writes single files,
`manifest` is the evidence, `draft` is the only way to write an artifact, and `reading` the only way to read one.
`frame` is what a stage does around its work.
"""

from ssd_jobs.artifacts.draft import Draft, Output, named
from ssd_jobs.artifacts.frame import make
from ssd_jobs.artifacts.manifest import Manifest, Provenance
from ssd_jobs.artifacts.reading import Artifact, complete, open_artifact
from ssd_jobs.artifacts.sharding import joint_digest, lay_out, open_shards, shard_of, shards_of_process

__all__ = [
    "Artifact",
    "Draft",
    "Manifest",
    "Output",
    "Provenance",
    "complete",
    "joint_digest",
    "lay_out",
    "make",
    "named",
    "open_artifact",
    "open_shards",
    "shard_of",
    "shards_of_process",
]
