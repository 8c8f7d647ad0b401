"""`models.create`: names, options, and what it says to a wrong one."""

import inspect

import pytest
import torch

from plumline import models
from plumline.errors import InputError

torch.set_num_threads(1)


def test_the_models_are_known_by_name():
    assert set(models.names()) == {
        *("alexnet", "digits-cnn", "squeezenet", "vgg-small"),
        *("resnet20", "resnet32", "resnet44", "resnet56", "resnet110", "resnet-cifar"),
        *("resnet18", "resnet34", "resnet50"),
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: models.create("resnet21", num_classes=10),
            "unknown model 'resnet21': did you mean",
        ),
        (lambda: models.create("resnet20", num_classes=10, shortcuts="A"), "mean 'shortcut'"),
        (lambda: models.create("resnet20", num_classes=10, shortcut="C"), "choose from A, B"),
        (lambda: models.create("resnet20", num_classes=10, block="plm"), "mean 'plum'"),
        (lambda: models.create("resnet20", num_classes=10, block="plum", shortcut="B"), "its own"),
        (lambda: models.create("resnet20", num_classes=10, activation="rely"), "mean 'relu'"),
        (lambda: models.create("resnet18", num_classes=10, block="plumb"), "mean 'plum'"),
        (
            lambda: models.create("resnet50", num_classes=10, block="plum"),
            "resnet50 option 'block'",
        ),
        (lambda: models.create("resnet20", num_classes=10, shortcut=1), "must be str, not 1"),
        (lambda: models.create("resnet20", num_classes=0), "num_classes .* at least 1, not 0"),
        (lambda: models.create("resnet20", num_classes=9, in_channels=0), "in_channels .* not 0"),
        (lambda: models.create("vgg-small", num_classes=9, image_size=7), "at least 8, not 7"),
        (lambda: models.create("resnet20", num_classes=9, width=0), "width is 0"),
        (lambda: models.create("resnet20", num_classes=9, width="2"), "width.* not '2'"),
        (lambda: models.create("resnet-cifar", num_classes=9, blocks="3-3"), "blocks is '3-3'"),
        (lambda: models.create("resnet-cifar", num_classes=9, blocks="3-3-0"), "from 1 to 99"),
    ],
)
def test_a_wrong_word_gets_one_line_with_the_cure(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


SIZES = {"digits-cnn": 8, "squeezenet": 35, "resnet18": 64, "resnet34": 64, "resnet50": 64}


@pytest.mark.parametrize("name", models.names())
def test_every_model_maps_images_of_any_channels_to_logits(name):
    size = SIZES.get(name, 32)
    model = models.create(name, num_classes=7, in_channels=2).eval()
    with torch.no_grad():
        assert model(torch.zeros(3, 2, size, size)).shape == (3, 7)


DEEPER = {"resnet32", "resnet44", "resnet56", "resnet110", "resnet34"}  # more of the same blocks


@pytest.mark.parametrize("name", sorted(set(models.names()) - DEEPER))
def test_every_kind_of_model_exports_with_any_batch(name):
    size = SIZES.get(name, 32)
    model = models.create(name, num_classes=5).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    images = torch.randn(2, 3, size, size)
    program = torch.export.export(model, (images,), dynamic_shapes=({0: batch},))
    more = torch.randn(3, 3, size, size)
    with torch.no_grad():
        torch.testing.assert_close(program.module()(more), model(more))


OPTIONS = [
    *(("resnet20", {"shortcut": "B"}), ("resnet20", {"activation": "prelu"})),
    *(("resnet20", {"activation": "tanh"}), ("vgg-small", {"activation": "prelu"})),
    *(("resnet20", {"block": "plum"}), ("resnet20", {"block": "plum", "activation": "relu"})),
    *(("resnet20", {"width": 0.6, "shortcut": "B"}), ("resnet-cifar", {"blocks": "2-2-1"})),
    *(("resnet18", {"block": "plum"}), ("vgg-small", {"image_size": 32})),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_every_option_exports_and_trains(name, options):
    size = SIZES.get(name, 32)
    model = models.create(name, num_classes=5, **options)
    model(torch.randn(2, 3, size, size)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    torch.export.export(model.eval(), (torch.randn(1, 3, size, size),))


@pytest.mark.parametrize("name", models.names())
def test_the_registered_function_is_documented_and_takes_keywords(name):
    maker = models.registry._MAKERS[name]
    assert maker.__doc__
    kinds = {parameter.kind for parameter in inspect.signature(maker).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


def test_a_model_of_ones_own_is_created_by_name(monkeypatch):
    monkeypatch.setattr(models.registry, "_MAKERS", dict(models.registry._MAKERS))

    @models.register
    def my_net(*, num_classes: int, in_channels: int = 3, width: int = 4) -> torch.nn.Module:
        return torch.nn.Conv2d(in_channels, num_classes, width)

    assert models.create("my-net", num_classes=5, width=2).weight.shape == (5, 3, 2, 2)


def test_fresh_weights_follow_the_seed():
    first, second = (
        torch.manual_seed(3) and models.create("digits-cnn", num_classes=10) for _ in range(2)
    )
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
