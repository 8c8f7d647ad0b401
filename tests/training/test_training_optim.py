import pytest
import torch
from torch import nn

from plumline import SignedBinary, convert_
from plumline.errors import InputError
from plumline.models.plum_block import ChannelShift
from plumline.training.optim import OPTIMIZERS, make_optimizer
from plumline.training.recipe import TrainSection


def network() -> nn.Module:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.PReLU(4), nn.Linear(4, 2))
    convert_(model, SignedBinary(), keep=["3"])
    return model


def decay_of(model: nn.Module, **keys: object) -> dict[str, float]:
    optimizer = make_optimizer(model, TrainSection(weight_decay=0.1, **keys))
    by_id = {
        id(parameter): group["weight_decay"]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    return {name: by_id[id(parameter)] for name, parameter in model.named_parameters()}


def test_only_weights_decay_quantized_ones_included() -> None:
    decays = {name for name, decay in decay_of(network()).items() if decay}
    assert decays == {"0.parametrizations.weight.original", "3.weight"}


def test_what_has_one_number_a_channel_is_no_weight_whatever_its_axes() -> None:
    model = nn.Sequential(ChannelShift(3), nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 1))
    convert_(model, SignedBinary(scale="learned"), keep=["3"])
    decays = {name for name, decay in decay_of(model).items() if decay}
    assert decays == {"1.parametrizations.weight.original", "3.weight"}


def test_everything_decays_if_asked() -> None:
    assert set(decay_of(network(), decay_norm_and_bias=True).values()) == {0.1}


def test_frozen_parameters_are_left_out() -> None:
    model = network()
    model[3].requires_grad_(False)
    held = sum(len(g["params"]) for g in make_optimizer(model, TrainSection()).param_groups)
    assert held == len([p for p in model.parameters() if p.requires_grad])


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_goes_downhill(name: str) -> None:
    weight = nn.Parameter(torch.tensor([[1.0]]))
    holder = nn.ParameterList([weight])
    optimizer = make_optimizer(holder, TrainSection(optimizer=name, lr=0.1))
    (weight**2).sum().backward()
    optimizer.step()
    assert weight.item() < 1


def test_an_unknown_optimizer_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'adam'"):
        make_optimizer(network(), TrainSection(optimizer="adan"))
