"""The size of a model in the field's two numbers: parameters and multiply-accumulates."""

import torch
from torch import Tensor, nn

Counted = nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear


def count_parameters(model: nn.Module) -> int:
    """Return how many trainable numbers the model has."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def count_macs(model: nn.Module, example_shape: tuple[int, ...]) -> int:
    """Return the multiply-accumulates of one forward pass in convolutions and linear layers.

    Biases, BatchNorm, activations and pools are not counted, as is usual. Zeros in the weights are
    counted like any other number: this is the work of a dense engine.

    Args:
        model: run once in evaluation mode, and left in the mode it had.
        example_shape: shape of the input with its batch, for example (1, 3, 224, 224).
    """
    total = 0

    def add(module: Counted, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel() * module.weight[0].numel()

    counted = [module for module in model.modules() if isinstance(module, Counted)]
    handles = [module.register_forward_hook(add) for module in counted]
    modes = {module: module.training for module in model.modules()}
    parameter = next(model.parameters())
    try:
        model.eval()
        with torch.no_grad():
            model(torch.zeros(example_shape, dtype=parameter.dtype, device=parameter.device))
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training
    return total
