"""Parameters and multiply-accumulates against published numbers."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from plumline import models

torch.set_num_threads(1)

# He et al. 2015 (arXiv 1512.03385), table 6, gives 0.27, 0.46, 0.66, 0.85 and 1.7 million for the
# CIFAR networks with option A; torchvision's model pages give the exact numbers for ImageNet.
PARAMETERS = {
    "resnet20": (10, 269_722),
    "resnet32": (10, 464_154),
    "resnet44": (10, 658_586),
    "resnet56": (10, 853_018),
    "resnet110": (10, 1_727_962),
    "resnet18": (1000, 11_689_512),
    "resnet34": (1000, 21_797_672),
    "resnet50": (1000, 25_557_032),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name):
    classes, parameters = PARAMETERS[name]
    assert models.count_parameters(models.create(name, num_classes=classes)) == parameters


def test_alexnet_has_the_size_of_its_small_image_form():
    # 2.47 M in the widely used CIFAR classification suite by W. Yang (bearpaw), without BatchNorm
    assert round(models.count_parameters(models.create("alexnet", num_classes=10)) / 1e6, 2) == 2.47


def test_squeezenet_has_its_published_size():
    # torchvision's model page of squeezenet1_0: 1,248,424 parameters, 0.82 GFLOPS at 224x224
    model = models.create("squeezenet", num_classes=1000)
    assert models.count_parameters(model) == 1_248_424
    assert round(models.count_macs(model, (1, 3, 224, 224)) / 1e9, 2) == 0.82


def test_vgg_small_is_six_convolutions_and_one_linear_layer():
    widths = [3, 128, 128, 256, 256, 512, 512]
    convolutions = sum(9 * a * b for a, b in pairwise(widths))
    expected = convolutions + 2 * sum(widths[1:]) + 512 * 4 * 4 * 10 + 10
    assert models.count_parameters(models.create("vgg-small", num_classes=10)) == expected


# PLUM quantizes the 3x3 convolutions behind the stem.
QUANTIZED = {
    "resnet20": 267_264,
    "resnet32": 460_800,
    "resnet44": 654_336,
    "resnet56": 847_872,
    "resnet110": 1_718_784,
    "resnet18": 10_985_472,
}


@pytest.mark.parametrize(
    ("name", "options"),
    [*((name, {}) for name in QUANTIZED), ("resnet18", {"block": "plum"})],
)
def test_weights_that_plum_quantizes(name, options):
    model = models.create(name, num_classes=10, **options)
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    behind = [conv for conv in convolutions[1:] if conv.kernel_size == (3, 3)]
    assert sum(conv.weight.numel() for conv in behind) == QUANTIZED[name]


def test_width_and_blocks_make_smaller_networks_of_the_same_family():
    def shapes(**options):
        model = models.create("resnet-cifar", num_classes=10, **options)
        return {name: tuple(value.shape) for name, value in model.state_dict().items()}

    plain = {
        name: tuple(value.shape)
        for name, value in models.create("resnet20", num_classes=10).state_dict().items()
    }
    assert shapes() == plain
    assert shapes(width=0.59)["layer3.0.conv1.weight"] == (38, 19, 3, 3)  # 0.59 of 64 and of 32
    short = shapes(blocks="1-2-3")
    assert short.keys() < plain.keys()
    assert "layer3.2.conv1.weight" in short
    assert "layer1.1.conv1.weight" not in short


@pytest.mark.parametrize(
    ("name", "giga"), [("resnet18", 1.81), ("resnet34", 3.66), ("resnet50", 4.09)]
)
def test_macs_of_imagenet_networks(name, giga):
    # torchvision's model pages, "GFLOPS" (multiply-accumulates) at 224x224
    macs = models.count_macs(models.create(name, num_classes=1000), (1, 3, 224, 224))
    assert round(macs / 1e9, 2) == giga


def test_plum_block_costs_no_more_macs_than_the_standard_one():
    plain, plum = (
        models.count_macs(models.create("resnet18", num_classes=10, block=block), (1, 3, 64, 64))
        for block in ("standard", "plum")
    )
    assert plum == plain


def test_macs_are_outputs_times_inputs_a_output():
    model = nn.Sequential(
        nn.Conv2d(4, 6, (3, 1), stride=2, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(90, 5)
    )
    # 6 x 3 x 5 outputs of 2 x 3 x 1 inputs each, then 5 of 90
    assert models.count_macs(model, (1, 4, 7, 9)) == 90 * 6 + 5 * 90
    assert models.count_macs(model, (2, 4, 7, 9)) == 2 * (90 * 6 + 5 * 90)


def test_counting_leaves_the_model_as_it_was():
    model = models.create("resnet20", num_classes=10)
    model.bn1.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    models.count_macs(model, (1, 3, 32, 32))
    assert model.training
    assert not model.bn1.training
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
