"""Trains one small network; run alone or under torchrun by test_training_distributed.py."""

import sys

import torch
from torch import nn

from plumline import data
from plumline.training import Recipe, fit


class NoBatchNorm(nn.Module):
    """Batch statistics of half a batch differ from those of the whole, so this network has none."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    fit(NoBatchNorm(), data.open("digits"), Recipe.load(sys.argv[1]), sys.argv[2], quiet=True)
