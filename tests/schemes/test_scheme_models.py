"""Converted models in the machinery around them: copies, state, export, precision, DDP."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from plumline import Binary, Float, SignedBinary, Ternary, convert_, freeze, schemes

SCHEMES = [
    SignedBinary(),
    SignedBinary(gradient="ede", scale="learned", region_channels=2),
    SignedBinary(scale="analytic"),
    Binary(),
    Binary(scale="mean", gradient="ede"),
    Ternary(scale="analytic"),
    Ternary(rule="max"),
]


def make(scheme, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(4, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, groups=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 16, 6),
    )
    convert_(model, scheme)
    return model


@pytest.fixture(params=SCHEMES, ids=repr, name="scheme")
def _scheme(request):
    return request.param


@pytest.fixture(name="x")
def _x():
    torch.manual_seed(9)
    return torch.randn(5, 4, 6, 6)


def train(model, x, steps=3):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    return model


def test_state_goes_into_a_freshly_converted_model(scheme, x, tmp_path):
    trained = train(make(scheme), x)
    schemes.set_progress(trained, 0.75)
    torch.save(trained.state_dict(), tmp_path / "state.pt")
    fresh = make(scheme, seed=1)
    fresh.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True), strict=True)
    assert torch.equal(fresh.eval()(x), trained.eval()(x))
    # The progress came along: the next steps are the same ones.
    assert torch.equal(train(fresh, x)(x), train(trained, x)(x))


def test_progress_is_in_the_state_only_where_it_matters():
    with_time = make(SignedBinary(gradient="ede"))
    schemes.set_progress(with_time, 0.25)
    found = [v for k, v in with_time.state_dict().items() if k.endswith("progress")]
    assert found == [torch.tensor(0.25)] * 3
    assert not [k for k in make(SignedBinary()).state_dict() if k.endswith("progress")]


def test_copies_are_independent(scheme, x):
    model = make(scheme).eval()
    before = model(x)
    twin = copy.deepcopy(model)
    assert torch.equal(twin(x), before)
    train(twin, x)
    freeze(twin)
    assert torch.equal(model(x), before)
    assert train(model, x)(x).isfinite().all()


def test_frozen_outputs_are_bit_equal(scheme, x):
    model = train(make(scheme), x).eval()
    before = model(x)
    frozen = freeze(model)
    assert frozen is model
    assert torch.equal(frozen(x), before)
    plain = make(Float())
    assert set(frozen.state_dict()) == set(plain.state_dict())
    assert [type(module) for module in frozen] == [type(module) for module in plain]


def test_torch_export(scheme, x):
    model = train(make(scheme), x).eval()
    exported = torch.export.export(model, (x,))
    assert torch.equal(exported.module()(x), model(x))


def test_torch_compile_sees_one_graph(scheme, x):
    model = make(scheme)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    expected = model(x).square().mean()
    expected.backward()
    gradients = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    found = compiled(x).square().mean()
    found.backward()
    torch.testing.assert_close(found, expected)
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


@pytest.mark.parametrize(
    "scheme", [SignedBinary(), SignedBinary(gradient="ede"), Binary(), Ternary()], ids=repr
)
def test_autocast_keeps_codes_exact(scheme, x):
    model = make(scheme)
    expected = model[0].weight
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(model[0].weight, expected)
        assert torch.equal(model[0].weight.bfloat16().float(), expected)
        y = model(x)
        assert y.dtype == torch.bfloat16
    y.float().square().mean().backward()
    for parameter in model.parameters():
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.isfinite().all()


def test_channels_last(scheme, x):
    model = make(scheme).eval()
    expected = model(x)
    model = model.to(memory_format=torch.channels_last)
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    found = model(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found, expected)


def test_distributed_data_parallel(scheme, x, tmp_path):
    alone = train(make(scheme), x)
    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        model = make(scheme)
        train(DistributedDataParallel(model), x)
    finally:
        torch.distributed.destroy_process_group()
    for (name, mine), other in zip(
        model.state_dict().items(), alone.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(mine, other, msg=name)


def test_moving_to_another_dtype_moves_all(scheme, x):
    model = make(scheme).double().eval()
    assert model(x.double()).dtype == torch.float64
    assert model[0].weight.dtype == torch.float64
