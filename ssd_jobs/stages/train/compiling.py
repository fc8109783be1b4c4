"""torch.compile, block by block."""

from typing import Any

from torch import nn

__all__ = ["compile_blocks"]


def compile_blocks(blocks: Any) -> None:
    """Compile every block; one program serves all of them and packs of any length."""
    block: nn.Module
    for block in blocks:
        block.compile(dynamic=True)
