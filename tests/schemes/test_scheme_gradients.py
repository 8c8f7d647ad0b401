"""The estimated gradients against their formulas, and the exact ones by finite differences."""

import pytest
import scheme_references as reference
import torch
from torch import nn

from plumline import Binary, InputError, SignedBinary, Ternary, schemes


def gradient_of(quantizer, weight, upstream):
    latent = weight.clone().requires_grad_()
    quantizer(latent).backward(upstream)
    return latent.grad


@pytest.fixture(name="weight")
def _weight():
    torch.manual_seed(2)
    return torch.randn(6, 4, 3, 3, dtype=torch.float64)


@pytest.fixture(name="upstream")
def _upstream(weight):
    return 2 * torch.randn_like(weight)


@pytest.mark.parametrize(
    "scheme",
    [SignedBinary(), SignedBinary(region_channels=2), Binary(), Ternary(), Ternary(rule="max")],
)
def test_straight_through(scheme, weight, upstream):
    pairs = zip(weight.flatten().tolist(), upstream.flatten().tolist(), strict=True)
    expected = [reference.straight_through(w, g) for w, g in pairs]
    found = gradient_of(scheme.quantizer(weight), weight, upstream)
    torch.testing.assert_close(found.flatten(), weight.new_tensor(expected))


def test_straight_through_window_is_inclusive():
    weight = torch.tensor([[1.0, -1.0, 1.5]])
    found = gradient_of(Binary().quantizer(weight), weight, torch.full((1, 3), 0.5))
    assert found.tolist() == [[0.5, 0.5, 0.0]]


def centres(scheme, quantizer, weight):
    if scheme.name == "binary":
        return torch.zeros_like(weight)
    sign = quantizer.sign.repeat_interleave(weight.shape[1] // quantizer.sign.shape[1], 1)
    largest = weight.abs().flatten(1).max(1).values
    return (sign * 0.05 * largest[:, None])[:, :, None, None].expand_as(weight)


@pytest.mark.parametrize("progress", [0.0, 0.3, 0.5, 0.75, 1.0])
@pytest.mark.parametrize(
    "scheme",
    [
        SignedBinary(gradient="ede"),
        SignedBinary(gradient="ede", region_channels=2),
        Binary(gradient="ede"),
    ],
)
def test_error_decay(scheme, progress, weight, upstream):
    quantizer = scheme.quantizer(weight).double()
    schemes.set_progress(quantizer, progress)
    rows = zip(
        weight.flatten().tolist(),
        centres(scheme, quantizer, weight).flatten().tolist(),
        upstream.flatten().tolist(),
        strict=True,
    )
    expected = [reference.error_decay(w, c, g, progress) for w, c, g in rows]
    found = gradient_of(quantizer, weight, upstream)
    torch.testing.assert_close(found.flatten(), weight.new_tensor(expected))


@pytest.mark.parametrize(("progress", "height"), [(0, 1), (0.5, 1), (0.75, 10**0.5), (1, 10)])
def test_error_decay_height_at_the_step(progress, height):
    """k * t is 1 through the first half, 10^0.5 at three quarters and 10 at the end."""
    weight = torch.zeros(1, 2)
    quantizer = Binary(gradient="ede").quantizer(weight)
    schemes.set_progress(quantizer, progress)
    found = gradient_of(quantizer, weight, torch.ones(1, 2))
    torch.testing.assert_close(found, torch.full((1, 2), float(height)))


def test_error_decay_is_the_derivative_of_a_tanh(weight, upstream):
    quantizer = Binary(gradient="ede").quantizer(weight).double()
    schemes.set_progress(quantizer, 0.8)
    t = 0.1 * 100**0.8
    smooth = weight.clone().requires_grad_()
    (max(1 / t, 1) * torch.tanh(smooth * t)).backward(upstream)
    torch.testing.assert_close(gradient_of(quantizer, weight, upstream), smooth.grad)


@pytest.mark.parametrize("gradient", ["ste", "ede"])
@pytest.mark.parametrize("region_channels", [None, 2])
def test_learned_scale_by_finite_differences(gradient, region_channels, weight):
    scheme = SignedBinary(scale="learned", gradient=gradient, region_channels=region_channels)
    quantizer = scheme.quantizer(weight)

    def effective(scale):
        values = {"scale.factor": scale}
        return torch.func.functional_call(quantizer, values, (weight,))

    start = quantizer.scale.factor.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(effective, (start,))
    assert torch.autograd.gradcheck(effective, (-start.detach().requires_grad_(),))


def test_learned_scale_multiplies_the_gradient_of_the_codes(weight):
    quantizer = SignedBinary(scale="learned").quantizer(weight)
    upstream = torch.full_like(weight, 0.01)
    expected = 0.01 * quantizer.scale.factor.detach() * (weight.abs() <= 1)
    torch.testing.assert_close(gradient_of(quantizer, weight, upstream), expected)


def test_a_negative_learned_scale_does_not_turn_the_sign(weight):
    quantizer = SignedBinary(scale="learned").quantizer(weight)
    before = quantizer(weight)
    nn.init.constant_(quantizer.scale.factor, -3.0)
    assert torch.equal(quantizer(weight).sign(), before.sign())


@pytest.mark.parametrize(
    "scheme", [SignedBinary(scale="analytic"), Binary(scale="mean"), Ternary(scale="analytic")]
)
def test_analytic_scale_is_a_constant_in_the_gradient(scheme, weight):
    quantizer = scheme.quantizer(weight)
    effective = quantizer(weight)
    scale = effective.abs().flatten(1).max(1).values[:, None, None, None]
    upstream = torch.full_like(weight, 0.01)
    expected = 0.01 * scale * (weight.abs() <= 1)
    torch.testing.assert_close(gradient_of(quantizer, weight, upstream), expected)


@pytest.mark.parametrize("gradient", ["ste", "ede"])
def test_an_ineffectual_weight_comes_back(gradient):
    weight = nn.Parameter(torch.tensor([[0.9, -0.1]]))
    quantizer = SignedBinary(gradient=gradient, signs=[1]).quantizer(weight)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    assert quantizer(weight)[0, 1] == 0
    for _ in range(3):
        optimizer.zero_grad()
        (quantizer(weight)[0, 1] - 1).square().backward()
        optimizer.step()
    assert quantizer(weight)[0, 1] == 1


def test_no_graph_where_none_is_needed(weight):
    latent = weight.requires_grad_()
    quantizer = SignedBinary().quantizer(weight)
    with torch.no_grad():
        assert quantizer(latent).grad_fn is None
    assert quantizer(latent).grad_fn is not None


@pytest.mark.parametrize("fraction", [-0.1, 1.5, float("nan")])
def test_progress_outside_of_training(fraction):
    with pytest.raises(InputError, match="from 0 to 1"):
        schemes.set_progress(nn.Linear(2, 2), fraction)
