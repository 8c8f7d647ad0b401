"""Which layers `convert_` takes, what its report says, and what it refuses."""

import copy
import json

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from plumline import (
    Binary,
    ConversionReport,
    Float,
    InputError,
    SignedBinary,
    Ternary,
    convert_,
    freeze,
    models,
)
from plumline.convert import summarize


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(4, 8, 3, padding=1)
        self.squeeze = nn.Conv2d(8, 8, 1)
        self.downsample = nn.Sequential(nn.Conv2d(4, 8, 1), nn.BatchNorm2d(8))

    def forward(self, x):
        return self.squeeze(self.conv1(x)) + self.downsample(x)


class Net(nn.Module):
    """A network that is not plumline's: shortcut, depthwise convolution, two linear layers."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3)
        self.block = Block()
        self.depthwise = nn.Conv2d(8, 8, 3, groups=8)
        self.up = nn.ConvTranspose2d(8, 4, 2)
        self.hidden = nn.Linear(4, 6)
        self.fc = nn.Linear(6, 5)

    def forward(self, x):
        x = self.up(self.depthwise(self.block(self.conv1(x)))).mean((2, 3))
        return self.fc(self.hidden(x).relu())


ALL = ["conv1", "block.conv1", "block.squeeze", "block.downsample.0", "depthwise", "hidden", "fc"]


@pytest.fixture(name="net")
def _net():
    torch.manual_seed(0)
    return Net()


def scheme_of(report):
    return {row.layer: row.scheme for row in report.rows if row.scheme != "float"}


def converted(report):
    return list(scheme_of(report))


def test_all_convolution_and_linear_layers(net):
    assert converted(convert_(net, SignedBinary())) == ALL
    assert set(net.hidden.weight.unique().tolist()) <= {-1, 0, 1}
    assert net(torch.randn(2, 3, 9, 9)).shape == (2, 5)


def test_keep(net):
    report = convert_(net, Binary(), keep=["conv1", "block.down*", "fc"])
    assert converted(report) == ["block.conv1", "block.squeeze", "depthwise", "hidden"]
    assert not parametrize.is_parametrized(net.conv1)


def test_preset_plum(net):
    """First convolution, 1x1 shortcut and classifier stay; other 1x1 convolutions do not."""
    report = convert_(net, SignedBinary(), keep="plum")
    assert converted(report) == ["block.conv1", "block.squeeze", "depthwise", "hidden"]


def test_preset_beside_patterns(net):
    report = convert_(net, SignedBinary(), keep=["plum", "hidden"])
    assert converted(report) == ["block.conv1", "block.squeeze", "depthwise"]


@pytest.mark.parametrize("shortcut", ["A", "B"])
def test_preset_plum_on_resnet20(shortcut):
    model = models.create("resnet20", num_classes=10, shortcut=shortcut)
    report = convert_(model, SignedBinary(), keep="plum")
    assert len(converted(report)) == 18
    # Nine times 16*16*(1 + 5) + 16*32 + 32*32*5 + 32*64 + 64*64*5.
    assert report.quantized.parameters == 9 * (
        6 * 16**2 + 16 * 32 + 5 * 32**2 + 32 * 64 + 5 * 64**2
    )


@pytest.mark.parametrize("block", ["standard", "plum"])
def test_preset_plum_on_resnet18(block):
    """The sixteen 3x3 convolutions: of widths 64 to 512, three from and to a width, one into it."""
    model = models.create("resnet18", num_classes=1000, block=block)
    report = convert_(model, SignedBinary(), keep="plum")
    assert len(converted(report)) == 16
    square = sum(width**2 for width in (64, 128, 256, 512))
    widening = sum(width * 2 * width for width in (64, 128, 256))
    assert report.quantized.parameters == 9 * (64**2 + 3 * square + widening)


def test_preset_plum_takes_the_pointwise_convolutions_of_a_bottleneck():
    model = models.create("resnet50", num_classes=10)
    left = set(dict(model.named_modules())) - set(converted(convert_(model, Binary(), keep="plum")))
    floats = [
        name for name in left if isinstance(model.get_submodule(name), (nn.Conv2d, nn.Linear))
    ]
    stages = {f"layer{stage}.0.downsample.0" for stage in (1, 2, 3, 4)}
    assert set(floats) == {"conv1", "fc"} | stages


def test_the_last_matching_pattern_counts(net):
    schemes = {"*": SignedBinary(), "block.*": Ternary(), "block.conv1": Binary(), "fc": Float()}
    assert scheme_of(convert_(net, schemes)) == {
        "conv1": "signed-binary",
        "block.conv1": "binary",
        "block.squeeze": "ternary",
        "block.downsample.0": "ternary",
        "depthwise": "signed-binary",
        "hidden": "signed-binary",
    }


def test_a_map_leaves_other_layers_alone(net):
    assert converted(convert_(net, {"hidden": Binary()})) == ["hidden"]


def test_a_single_layer_is_a_model():
    assert converted(convert_(nn.Linear(4, 2), Binary())) == [""]


def test_float_changes_nothing(net):
    before = copy.deepcopy(net.state_dict())
    report = convert_(net, Float())
    assert converted(report) == []
    assert net.state_dict().keys() == before.keys()


@pytest.mark.parametrize(
    ("scheme", "keep", "message"),
    [
        ({"hiden": Binary()}, (), "'hiden' matches no layer: did you mean 'hidden'"),
        ({"*": Binary(), "q*": Binary()}, (), r"'q\*' matches no layer: layers are named"),
        (Binary(), ["fcc"], "'fcc' matches no layer: did you mean 'fc'"),
        (Binary(), ["block.downsample.1"], "a BatchNorm2d, and no convertible layer"),
        ({"block": Binary()}, (), r"a Block, and no convertible layer: .* write 'block\.\*'"),
        ({"up": Binary()}, (), "a ConvTranspose2d, and no convertible layer"),
        (Binary(), ["*"], "no layer to convert among 7"),
        ({}, (), "no layer to convert"),
        (Binary(), "plom", "did you mean 'plum'"),
        (SignedBinary(region_channels=2), (), "layer 'conv1': region_channels is 2"),
    ],
)
def test_refusals_change_nothing(net, scheme, keep, message):
    before = list(net.state_dict())
    with pytest.raises(InputError, match=message) as caught:
        convert_(net, scheme, keep=keep)
    assert "\n" not in str(caught.value)
    assert list(net.state_dict()) == before


def test_a_model_without_such_layers():
    with pytest.raises(InputError, match="a Sequential with no layer to convert"):
        convert_(nn.Sequential(nn.ReLU()), Binary())


def test_converting_twice_is_refused(net):
    convert_(net, {"hidden": Binary()})
    with pytest.raises(InputError, match="'hidden' has a scheme already"):
        convert_(net, SignedBinary())
    assert converted(convert_(net, SignedBinary(), keep=["hidden"])) == ALL


def test_a_frozen_model_can_be_converted_again(net):
    convert_(net, SignedBinary())
    assert converted(convert_(freeze(net), Binary())) == ALL


def test_a_lazy_layer_is_refused():
    with pytest.raises(InputError, match="'0' has no weight yet"):
        convert_(nn.Sequential(nn.LazyLinear(3)), Binary())


def test_report_counts_what_the_weights_hold(net):
    report = convert_(net, SignedBinary(), keep=["conv1", "fc"])
    assert isinstance(report, ConversionReport)
    rows = {row.layer: row for row in report.rows}
    assert list(rows) == [*ALL[:5], "up", *ALL[5:]]
    for name, row in rows.items():
        weight = net.get_submodule(name).weight
        assert row.parameters == weight.numel()
        assert row.effectual == int((weight != 0).sum())
        assert row.density == row.effectual / row.parameters
        assert row.bits == (32 if name in ("conv1", "fc", "up") else 1)
    quantized = [row for row in report.rows if row.scheme == "signed-binary"]
    assert report.quantized.parameters == sum(row.parameters for row in quantized)
    assert report.quantized.effectual == sum(row.effectual for row in quantized)
    assert report.quantized.density < 0.6 < report.unquantized.density == 1
    assert report.total.parameters == report.quantized.parameters + report.unquantized.parameters
    stored = report.quantized.parameters + 32 * report.unquantized.parameters
    assert report.total.bits == pytest.approx(stored / report.total.parameters)


def test_report_as_a_table(net):
    report = convert_(net, SignedBinary(), keep=["conv1"])
    lines = str(report).splitlines()
    assert lines[0].split() == ["layer", "scheme", "parameters", "effectual", "density", "bits"]
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["total", "quantized"],
        ["total", "float"],
        ["total", "all"],
    ]


def test_report_as_json(net):
    report = convert_(net, SignedBinary(), keep=["conv1"])
    data = json.loads(json.dumps(report.to_dict()))
    assert data["layers"][0] == {
        "layer": "conv1",
        "scheme": "float",
        "parameters": 108,
        "effectual": 108,
        "density": 1.0,
        "bits": 32.0,
    }
    assert data["quantized"]["density"] == report.quantized.density


def test_summary_follows_training(net):
    first = convert_(net, SignedBinary())
    assert summarize(net) == first
    with torch.no_grad():
        for name in ALL:
            net.get_submodule(name).parametrizations.weight.original.fill_(1.0)
    later = summarize(net).quantized
    assert later.effectual == sum(
        net.get_submodule(name).weight.numel()
        * (len(net.get_submodule(name).weight) // 2)
        // len(net.get_submodule(name).weight)
        for name in ALL
    )


def test_freeze_leaves_other_parametrizations(net):
    parametrizations.weight_norm(net.hidden)
    convert_(net, {"block.conv1": Binary()})
    assert parametrize.is_parametrized(freeze(net).hidden, "weight")


def test_freeze_of_shared_latent_weights():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    convert_(model, {"0": SignedBinary(), "1": SignedBinary(signs=[-1] * 4)})
    x = torch.randn(3, 4)
    before = model(x)
    assert torch.equal(freeze(model)(x), before)


def test_freeze_keeps_what_is_trainable(net):
    net.hidden.weight.requires_grad_(False)
    freeze_ready = convert_(net, Binary())
    assert converted(freeze_ready) == ALL
    freeze(net)
    assert not net.hidden.weight.requires_grad
    assert net.fc.weight.requires_grad


@pytest.mark.parametrize("scheme", ["binary", Binary, None, {"*": "binary"}])
def test_what_is_no_scheme_is_refused(scheme):
    with pytest.raises(InputError, match=r"is no scheme: make one, such as plumline\.SignedBinary"):
        convert_(nn.Linear(2, 2), scheme)
