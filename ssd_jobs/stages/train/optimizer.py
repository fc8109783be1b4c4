"""AdamW with its whole state visible, so that a checkpoint is weights and two moments under the model's own names."""

import torch

from ssd_jobs.contract import TrainScience
from ssd_jobs.stages.train.checkpoint import State
from ssd_jobs.stages.train.model import Trainee

__all__ = ["build", "set_step", "state"]


def build(trainee: Trainee, science: TrainScience) -> torch.optim.AdamW:
    """Return the optimizer; vectors (norms, biases, sinks) do not decay, as in every recipe of this family."""
    weights = trainee.trained_weights()
    groups = [
        {"params": [w for w in weights.values() if w.ndim >= 2], "weight_decay": science.weight_decay},
        {"params": [w for w in weights.values() if w.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=science.learning_rate, betas=science.betas, eps=1e-8, fused=True)
    for weight in weights.values():
        optimizer.state[weight] = {
            "step": torch.zeros((), dtype=torch.float32, device=weight.device),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.zeros_like(weight),
        }
    return optimizer


def state(trainee: Trainee, optimizer: torch.optim.AdamW) -> State:
    """Return the live tensors that a checkpoint holds."""
    weights = trainee.trained_weights()
    return {
        "weights": {name: weight.detach() for name, weight in weights.items()},
        "exp_avg": {name: optimizer.state[weight]["exp_avg"] for name, weight in weights.items()},
        "exp_avg_sq": {name: optimizer.state[weight]["exp_avg_sq"] for name, weight in weights.items()},
    }


def set_step(optimizer: torch.optim.AdamW, step: int) -> None:
    """Set the step count to a checkpoint's."""
    for values in optimizer.state.values():
        values["step"].fill_(step)
