"""The base model's files, hashed by all ranks together before any of them opens one."""

import torch.distributed as dist

from ssd_jobs.errors import BadInput
from ssd_jobs.models.model_files import ModelFiles
from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["verify"]


def verify(files: ModelFiles, ranks: Ranks) -> None:
    """Hash each file on one rank; a wrong one ends every rank with the same sentence."""
    mine = ""
    try:
        files.verify(files.shares(ranks.world)[ranks.rank])
    except BadInput as error:
        mine = str(error)
    found = [""] * ranks.world
    dist.all_gather_object(found, mine)
    first = next(filter(None, found), None)
    if first is not None:
        raise BadInput(first)
