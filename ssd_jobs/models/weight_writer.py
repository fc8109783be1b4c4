"""A model's weights, written to safetensors files tensor by tensor.

safetensors writes whole files from memory. Its format lets a tensor be written alone, though: a header that says where
each tensor is, then the tensors. The files are, byte for byte, those that huggingface_hub writes.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from ssd_jobs.contract import files
from ssd_jobs.errors import JobError

__all__ = ["TYPES", "WeightWriter"]

FORMAT = {"format": "pt"}
"""What transformers looks for."""
TYPES = {torch.bfloat16: "BF16", torch.float32: "F32"}
"""What safetensors calls the types that an export has."""
ALIGNMENT = 8


class WeightWriter:
    """Files for tensors of which only shapes and types are known yet; each is written when it comes."""

    def __init__(
        self, directory: Path, tensors: Mapping[str, torch.Tensor], *, largest: int | str | None = None
    ) -> None:
        from huggingface_hub import split_torch_state_dict_into_shards

        size = {} if largest is None else {"max_shard_size": largest}
        due = {name: torch.empty(tensor.shape, dtype=tensor.dtype, device="meta") for name, tensor in tensors.items()}
        split = split_torch_state_dict_into_shards(due, filename_pattern=f"model{{suffix}}{files.WEIGHTS}", **size)
        self._due = due
        self._places: dict[str, tuple[Path, int]] = {}
        for name, held in split.filename_to_tensors.items():
            self._begin(directory / name, held)
        if split.is_sharded:
            index = {"metadata": {**split.metadata, **FORMAT}, "weight_map": split.tensor_to_filename}
            path = directory / f"model{files.WEIGHTS}.index.json"
            path.write_text(json.dumps(index, indent=2), encoding="utf-8")

    def _begin(self, file: Path, names: Sequence[str]) -> None:
        """Write a file's header, and note where each of its tensors belongs."""
        entries: dict[str, object] = {"__metadata__": FORMAT}
        places: dict[str, int] = {}
        end = 0
        for name in sorted(names, key=lambda name: (-self._due[name].itemsize, name)):
            due = self._due[name]
            places[name], end = end, end + due.nbytes
            entries[name] = {"dtype": TYPES[due.dtype], "shape": list(due.shape), "data_offsets": [places[name], end]}
        text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % ALIGNMENT)
        header = len(text).to_bytes(ALIGNMENT, "little") + text
        file.write_bytes(header)
        self._places |= {name: (file, len(header) + place) for name, place in places.items()}

    def write(self, name: str, tensor: torch.Tensor) -> None:
        """Write a tensor to its place."""
        due = self._due.pop(name)
        assert (tensor.shape, tensor.dtype) == (due.shape, due.dtype)
        file, place = self._places[name]
        with file.open("r+b") as opened:
            opened.seek(place)
            opened.write(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)

    def finish(self) -> None:
        """Fail if a tensor did not come."""
        if self._due:
            raise JobError(f"the export would lack {', '.join(sorted(self._due)[:3])}; this is a bug of the export")
