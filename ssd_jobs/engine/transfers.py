"""Copies between the host and the device: the host waits for the device in one of them, and nowhere else."""

import torch

__all__ = ["to_device", "to_host"]


def to_host(values: torch.Tensor) -> list[list[float]]:
    """Copy what a step found to the host, which waits until it is there."""
    rows: list[list[float]] = values.tolist()
    return rows


def to_device(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy numbers of the host to the device, behind what is queued there; the host goes on."""
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)
