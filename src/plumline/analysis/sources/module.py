"""The layers of a PyTorch module, with the weights that its schemes make of the latent ones."""

from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from plumline.analysis.layer import Layer, Network, linear_size
from plumline.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn


def read(model: "nn.Module", input_shape: tuple[int, ...], source: str, kind: str) -> Network:
    """Return the layers that run when the module sees one sample, in the order in which they run.

    Convolutions and linear layers count. One that runs again is a layer again, as it is in a
    program, named ``conv#2``. The module runs once, in evaluation mode and without gradients, and
    is left in the mode it had.

    Args:
        input_shape: of one sample, without the batch: (3, 224, 224).

    Raises `InputError` where the module cannot read such an input, or a weight is not finite.
    """
    import torch

    from plumline.convert import CONVERTIBLE, check_finite

    check_finite(model)
    found: list[Layer] = []
    handles = [
        module.register_forward_hook(_watch(name, found))
        for name, module in model.named_modules()
        if isinstance(module, CONVERTIBLE)
    ]
    modes = {module: module.training for module in model.modules()}
    parameter = next(model.parameters(), torch.zeros(()))
    try:
        model.eval()
        with torch.no_grad():
            model(torch.zeros((1, *input_shape), dtype=parameter.dtype, device=parameter.device))
    except InputError:
        raise
    except Exception as error:  # whatever the module's own code raises
        raise InputError(
            f"the model cannot read an input of the shape {(1, *input_shape)}: "
            f"{' '.join(str(error).split())}"
        ) from None
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training
    return Network(source, kind, tuple(found))


def _watch(name: str, found: list[Layer]) -> Any:
    calls = count(1)

    def note(module: Any, inputs: "tuple[Tensor, ...]", output: "Tensor") -> None:
        call = next(calls)
        label = name if call == 1 else f"{name}#{call}"
        found.append(_layer(label, module, tuple(inputs[0].shape), tuple(output.shape)))

    return note


def _layer(name: str, module: Any, input_shape: tuple[int, ...], output: tuple[int, ...]) -> Layer:
    from plumline.compiler.pack import pack

    weight = np.ascontiguousarray(module.weight.detach().cpu().float().numpy())
    packed = pack(weight.reshape(len(weight), -1))
    held = (packed.form, packed.bytes)
    if weight.ndim == 2:
        size = linear_size(input_shape, batch=1)
        made = (*size[:-1], len(weight))
        return Layer(name, "linear", weight, 1, size, made, (), (), (), *held)
    if len(input_shape) != weight.ndim:  # PyTorch takes it for one image without a batch
        raise InputError(
            f"layer {name!r} reads an input of the shape {input_shape}, not of {weight.ndim} axes: "
            "give the shape of one sample with its channels, as (3, 224, 224)"
        )
    sizes = (input_shape[1:], output[1:])
    window = (tuple(module.stride), tuple(module.dilation), _pads(module))
    return Layer(name, "conv", weight, module.groups, *sizes, *window, *held)


def _pads(module: Any) -> tuple[int, ...]:
    """Return begins and ends; PyTorch's texts "same" and "valid" are resolved by the module."""
    if module.padding == "valid":
        return (0,) * (2 * len(module.kernel_size))
    if module.padding == "same":
        spans = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        return (*(span // 2 for span in spans), *(span - span // 2 for span in spans))
    return (*module.padding, *module.padding)
