"""Weights from plain arrays: all of them fit, or nothing changes and one line says why."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from plumline import data, models
from plumline.errors import InputError

torch.set_num_threads(1)


@pytest.fixture
def model():
    return models.create("digits-cnn", num_classes=10)


@pytest.fixture
def arrays():
    source = models.create("digits-cnn", num_classes=10)
    state = source.state_dict()
    return {k: v.numpy() for k, v in state.items() if not k.endswith("num_batches_tracked")}


def test_arrays_become_the_weights(model, arrays):
    models.load_arrays(model, arrays)
    state = model.state_dict()
    assert all(np.array_equal(state[name], array) for name, array in arrays.items())


def test_a_file_of_them_does_too(model, arrays, tmp_path):
    np.savez(tmp_path / "weights.npz", **arrays)
    models.load_npz(model, tmp_path / "weights.npz")
    assert np.array_equal(model.linear.weight.detach(), arrays["linear.weight"])


def without_bias(arrays):
    del arrays["linear.bias"]


def with_stranger(arrays):
    arrays["head.weight"] = np.zeros(3)


def with_other_shape(arrays):
    arrays["conv2.weight"] = np.zeros((64, 32, 3))


def with_text(arrays):
    arrays["bn1.weight"] = np.array(["a"] * 32)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_bias, "lack 'linear.bias'"),
        (with_stranger, "have 'head.weight', which the model lacks"),
        (with_other_shape, r"'conv2.weight' of shape \(64, 32, 3\), not \(64, 32, 3, 3\)"),
        (with_text, "not of real numbers"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(model, arrays, spoil, message):
    spoil(arrays)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(InputError, match=message):
        models.load_arrays(model, arrays)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_several_faults_are_counted(model, arrays):
    without_bias(arrays)
    with_stranger(arrays)
    with pytest.raises(InputError, match="1 more difference"):
        models.load_arrays(model, arrays)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no weights at"), (b"not a zip", "not a whole .npz"), (b"", "not a whole .npz")],
)
def test_a_file_that_is_no_npz_is_named(model, tmp_path, content, message):
    path = tmp_path / "weights.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        models.load_npz(model, path)


def test_a_cut_npz_and_a_single_array_are_refused(model, arrays, tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, **arrays)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"not a whole \.npz"):
        models.load_npz(model, path)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(InputError, match=r"not a whole \.npz"):
        models.load_npz(model, tmp_path / "one.npy")


def test_the_published_resnet20_scores_its_published_accuracy():
    # Y. Idelbayev's pytorch_resnet_cifar10: 91.73 % with ImageNet's mean and std
    root = Path(os.environ.get("PLUMLINE_DATA", "nowhere"))
    weights = root / "weights" / "cifar10_resnet20-12fca82f.npz"
    if not weights.is_file():
        pytest.skip("needs CIFAR-10 and the published weights under $PLUMLINE_DATA")
    model = models.create("resnet20", num_classes=10).eval()
    models.load_npz(model, weights)
    test = data.open("cifar10", root).test
    right = 0
    for indices in np.split(np.arange(len(test)), 20):
        pixels = data.normalize(test.batch(indices), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        with torch.no_grad():
            logits = model(torch.from_numpy(pixels).to(memory_format=torch.channels_last))
        right += int((logits.argmax(1).numpy() == test.labels[indices]).sum())
    assert right == 9173
