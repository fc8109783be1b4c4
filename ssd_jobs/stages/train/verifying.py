"""The base model's files, hashed by all ranks together before any of them opens one."""

import torch.distributed as dist

from ssd_jobs.artifacts.counting import Counted, uncounted
from ssd_jobs.errors import BadInput
from ssd_jobs.models.model_files import ModelFiles
from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["verify"]


def verify(files: ModelFiles, ranks: Ranks, *, hashed: Counted = uncounted) -> None:
    """Hash each file on one rank; a wrong one ends every rank with the same sentence. `hashed` hears of this rank's."""
    mine = ""
    try:
        files.verify(files.shares(ranks.world)[ranks.rank], hashed=hashed)
    except BadInput as error:
        mine = str(error)
    found = [""] * ranks.world
    dist.all_gather_object(found, mine)
    first = next(filter(None, found), None)
    if first is not None:
        raise BadInput(first)
