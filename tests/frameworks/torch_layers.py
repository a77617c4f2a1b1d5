"""Wraps operations as PyTorch modules, so that hooks can reach them."""

import torch
from torch import Tensor, nn


class Add(nn.Module):
    """Addition."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return one + other


class Concat(nn.Module):
    """Concatenation of the channels."""

    def forward(self, *tensors: Tensor) -> Tensor:
        return torch.cat(tensors, 1)


class GlobalPool(nn.Module):
    """The mean over rows and columns."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))
