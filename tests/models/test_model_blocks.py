"""The blocks against their formulas, written out with plain functions."""

import pytest
import torch
from torch.nn import functional as F

from plumline import models
from plumline.models.plum_block import PlumUnit
from plumline.models.resnet_cifar import PaddedShortcut

torch.set_num_threads(1)


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(16, 32, 2), (4, 9, 1)])
def test_option_a_takes_every_second_pixel_and_pads_channels_on_both_sides(inputs, outputs, stride):
    x = torch.randn(2, inputs, 6, 7)
    y = PaddedShortcut(inputs, outputs, stride)(x)
    before = (outputs - inputs) // 2
    expected = torch.zeros(2, outputs, *x[0, 0, ::stride, ::stride].shape)
    expected[:, before : before + inputs] = x[:, :, ::stride, ::stride]
    assert torch.equal(y, expected)


def batch_norm(x, bn):
    return F.batch_norm(x, bn.running_mean, bn.running_var, bn.weight, bn.bias)


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(8, 8, 1), (8, 16, 2), (8, 16, 1)])
def test_plum_unit_is_shift_clamp_conv_norm_add_shift_prelu_shift(inputs, outputs, stride):
    torch.manual_seed(0)
    unit = PlumUnit(inputs, outputs, stride).eval()
    with torch.no_grad():
        for tensor in (*unit.parameters(), unit.bn.running_mean):
            tensor.copy_(torch.randn_like(tensor))
        x = 3 * torch.randn(2, inputs, 8, 8)
        y = (x + unit.shift_conv.bias.view(1, -1, 1, 1)).clamp(-2, 2)
        y = batch_norm(F.conv2d(y, unit.conv.weight, unit.conv.bias, stride, 1), unit.bn)
        shortcut = x
        if inputs != outputs:
            pooled = F.avg_pool2d(x, 2) if stride == 2 else x
            conv, bn = unit.downsample[-2], unit.downsample[-1]
            shortcut = batch_norm(F.conv2d(pooled, conv.weight), bn)
        y = y + shortcut + unit.shift_in.bias.view(1, -1, 1, 1)
        expected = F.prelu(y, unit.act.weight) + unit.shift_out.bias.view(1, -1, 1, 1)
        torch.testing.assert_close(unit(x), expected)


def test_plum_units_start_without_shifts_and_with_slope_a_quarter():
    unit = PlumUnit(4, 4, 1)
    shifts = (unit.shift_conv, unit.shift_in, unit.shift_out)
    assert not any(shift.bias.any() for shift in shifts)
    assert torch.equal(unit.act.weight, torch.full((4,), 0.25))


def test_standard_resnets_have_torchvisions_names():
    names = set(models.create("resnet50", num_classes=10).state_dict())
    assert {
        *("conv1.weight", "bn1.running_mean", "fc.bias", "layer4.2.bn3.weight"),
        *("layer1.0.downsample.0.weight", "layer1.0.downsample.1.num_batches_tracked"),
    } <= names
    assert len(names) == 320  # of torchvision's resnet50: 161 weights and 53 BatchNorms' 3 buffers
    assert not any("downsample" in name for name in names if name.startswith("layer1.1"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *(("alexnet", {}), ("digits-cnn", {}), ("vgg-small", {})),
        *(("resnet20", {}), ("resnet20", {"block": "plum"})),
    ],
)
def test_the_activation_is_the_asked_one_everywhere(name, options):
    model = models.create(name, num_classes=10, activation="tanh", **options)
    kinds = [type(module).__name__ for module in model.modules()]
    assert "Tanh" in kinds
    assert not {"ReLU", "PReLU"} & set(kinds)
