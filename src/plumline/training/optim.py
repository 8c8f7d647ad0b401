"""Optimizers by name, with weight decay only where it regularizes."""

from collections.abc import Callable
from typing import Any

from torch import nn, optim

from plumline._names import look_up
from plumline.training.recipe import TrainSection

Groups = list[dict[str, Any]]
OptimizerMaker = Callable[[Groups, TrainSection], optim.Optimizer]
OPTIMIZERS: dict[str, OptimizerMaker] = {}


def optimizer(function: OptimizerMaker) -> OptimizerMaker:
    """Register an optimizer by the function's name: ``(parameter groups, train) -> optimizer``."""
    OPTIMIZERS[function.__name__] = function
    return function


def make_optimizer(model: nn.Module, train: TrainSection) -> optim.Optimizer:
    """Make the optimizer that a recipe names for the parameters of a model that are trained."""
    make = look_up("train.optimizer", train.optimizer, OPTIMIZERS)
    return make(parameter_groups(model, train), train)


def parameter_groups(model: nn.Module, train: TrainSection) -> Groups:
    """Split the parameters into those that decay and those that do not.

    Parameters with one number a filter or channel (biases, norm scales and shifts, PReLU slopes,
    learned scales) do not decay unless ``train.decay_norm_and_bias``: pulling them to zero changes
    what is computed without making it simpler.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decays = [p for p in trained if _is_weight(p) or train.decay_norm_and_bias]
    rest = [p for p in trained if not (_is_weight(p) or train.decay_norm_and_bias)]
    groups = [(decays, train.weight_decay), (rest, 0.0)]
    return [{"params": group, "weight_decay": decay} for group, decay in groups if group]


def _is_weight(parameter: nn.Parameter) -> bool:
    return parameter.ndim > 1 and parameter.numel() > len(parameter)


@optimizer
def sgd(groups: Groups, train: TrainSection) -> optim.Optimizer:
    """Stochastic gradient descent with ``momentum`` and, if asked, Nesterov's look-ahead."""
    return optim.SGD(groups, lr=train.lr, momentum=train.momentum, nesterov=train.nesterov)


@optimizer
def adam(groups: Groups, train: TrainSection) -> optim.Optimizer:
    """Adam with its usual decay rates 0.9 and 0.999 (Kingma and Ba)."""
    return optim.Adam(groups, lr=train.lr)


@optimizer
def adamw(groups: Groups, train: TrainSection) -> optim.Optimizer:
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter)."""
    return optim.AdamW(groups, lr=train.lr)
