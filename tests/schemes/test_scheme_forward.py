"""The effective weights against the plain-loop references, for every kind of layer."""

import pytest
import scheme_references as reference
import torch
from torch import nn

from plumline import Binary, Float, SignedBinary, Ternary

LAYERS = {
    "conv1d": lambda: nn.Conv1d(4, 6, 5),
    "conv2d": lambda: nn.Conv2d(4, 6, 3),
    "conv3d": lambda: nn.Conv3d(4, 5, 2),
    "depthwise": lambda: nn.Conv2d(6, 6, 3, groups=6),
    "grouped": lambda: nn.Conv2d(8, 6, 3, groups=2),
    "linear": lambda: nn.Linear(12, 7),
}


@pytest.fixture(params=LAYERS, name="weight")
def _weight(request):
    torch.manual_seed(1)
    # Some weights lie beyond 1, some are exactly 0, in double precision like the references.
    weight = torch.randn_like(LAYERS[request.param]().weight, dtype=torch.float64)
    weight[weight.abs() < 0.1] = 0
    return weight


def listed(weight):
    return weight.reshape(*weight.shape[:2], -1).tolist()


def check(quantizer, weight, expected):
    effective = quantizer(weight)
    assert effective.dtype == weight.dtype
    torch.testing.assert_close(effective, weight.new_tensor(expected).reshape(weight.shape))
    assert not torch.signbit(effective[effective == 0]).any()  # one zero, not two


def scaled(weight, codes):
    scales = [reference.mean_of_effectual(w, q) for w, q in zip(listed(weight), codes, strict=True)]
    return [
        [[a * q for q in channel] for channel in code]
        for a, code in zip(scales, codes, strict=True)
    ]


@pytest.mark.parametrize("delta", [0.0, 0.05, 0.5])
def test_signed_binary(weight, delta):
    filters = len(weight)
    signs = [[1]] * (filters // 2) + [[-1]] * (filters - filters // 2)
    expected = reference.signed_binary(listed(weight), signs, delta)
    check(SignedBinary(delta=delta).quantizer(weight), weight, expected)


@pytest.mark.parametrize("region_channels", [1, 2])
def test_signed_binary_of_slabs(region_channels):
    weight = torch.randn(6, 4, 3, 3, dtype=torch.float64)
    quantizer = SignedBinary(region_channels=region_channels).quantizer(weight)
    assert quantizer.sign.shape == (6, 4 // region_channels)
    expected = reference.signed_binary(listed(weight), quantizer.sign.tolist(), 0.05)
    check(quantizer, weight, expected)


def test_binary(weight):
    check(Binary().quantizer(weight), weight, reference.binary(listed(weight)))


@pytest.mark.parametrize("rule", ["twn", "max"])
def test_ternary(weight, rule):
    check(Ternary(rule=rule).quantizer(weight), weight, reference.ternary(listed(weight), rule))


def test_float(weight):
    check(Float().quantizer(weight), weight, listed(weight))


@pytest.mark.parametrize(
    ("plain", "with_scale"),
    [
        (SignedBinary(), SignedBinary(scale="analytic")),
        (SignedBinary(), SignedBinary(scale="learned")),
        (Binary(), Binary(scale="mean")),
        (Ternary(), Ternary(scale="analytic")),
    ],
    ids=lambda scheme: scheme.name,
)
def test_scale_is_the_mean_over_the_effectual_weights(weight, plain, with_scale):
    codes = listed(plain.quantizer(weight)(weight))
    check(with_scale.quantizer(weight), weight, scaled(weight, codes))


@pytest.mark.parametrize(
    "scheme", [SignedBinary(scale="analytic"), Ternary(scale="analytic")], ids=lambda s: s.name
)
def test_no_other_scale_is_nearer(weight, scheme):
    effective = scheme.quantizer(weight)(weight)

    def distance(factor):
        return (weight - factor * effective).flatten(1).norm(dim=1)

    assert (distance(1.0) <= distance(1.01)).all()
    assert (distance(1.0) <= distance(0.99)).all()


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        (SignedBinary(), 0.0),
        (SignedBinary(scale="analytic"), 0.0),
        (SignedBinary(scale="learned"), 0.0),
        (Ternary(), 0.0),
        (Ternary(rule="max", scale="analytic"), 0.0),
        (Binary(), 1.0),
        (Binary(scale="mean"), 0.0),
    ],
)
def test_a_filter_of_zeros(scheme, value):
    weight = torch.randn(4, 3, 3, 3)
    weight[[0, 3]] = 0
    effective = scheme.quantizer(weight)(weight)
    assert (effective[[0, 3]] == value).all()
    assert effective[[1, 2]].any()


def test_threshold_is_inclusive():
    weight = torch.tensor([[1.0, 0.5, 0.25, -0.5], [-1.0, -0.5, -0.25, 0.5]])
    effective = SignedBinary(delta=0.5).quantizer(weight)(weight)
    assert effective.tolist() == [[1, 1, 0, 0], [-1, -1, 0, 0]]


def test_threshold_is_of_the_filter_and_not_of_the_region():
    weight = torch.tensor([[1.0, 0.04]])
    effective = SignedBinary(region_channels=1, signs=[1, 1]).quantizer(weight)(weight)
    assert effective.tolist() == [[1, 0]]


def test_density_at_the_default_initialization():
    """Uniform weights: half have the region's sign, 5 % of those are below the threshold."""
    torch.manual_seed(0)
    weight = nn.Conv2d(64, 64, 3).weight.detach()
    density = SignedBinary().quantizer(weight)(weight).count_nonzero() / weight.numel()
    assert density == pytest.approx(0.475, abs=0.01)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("scheme", [SignedBinary(), Binary(), Ternary()], ids=lambda s: s.name)
def test_codes_are_exact_in_any_dtype(scheme, dtype):
    weight = torch.randn(8, 4, 3, 3).to(dtype)
    effective = scheme.quantizer(weight)(weight)
    assert effective.dtype == dtype
    assert set(effective.unique().tolist()) <= {-1.0, 0.0, 1.0}
