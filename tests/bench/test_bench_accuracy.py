"""Scores in any runtime: on the images and the normalization that the network's metadata name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from plumline import bench
from plumline.bench import Subject
from plumline.data import ArraySplit, DataSet, normalize
from plumline.errors import InputError

RANDOM = np.random.default_rng(0)


def split(count: int, size: int = 8) -> ArraySplit:
    images = RANDOM.integers(0, 256, (count, 1, size, size)).astype(np.uint8)
    return ArraySplit(images, RANDOM.integers(0, 10, count))


DATA = DataSet("made", tuple("0123456789"), (1, 8, 8), (0.1,), (0.2,), split(3), split(23))


def top1(module: nn.Module, images: np.ndarray, mean: float, std: float) -> float:
    with torch.no_grad():
        answers = module(torch.from_numpy(normalize(images, [mean], [std]))).argmax(1).numpy()
    return float(100 * (answers == DATA.test.labels).mean())


@pytest.mark.parametrize("runtime", ["plumline", "onnxruntime", "torch"])
@pytest.mark.parametrize("batch", [1, 7, 100])
def test_all_runtimes_score_the_same(
    runtime: str, batch: int, subject: Subject, module: nn.Module
) -> None:
    scores = bench.evaluate(subject, runtime, DATA, batch=batch)
    expected = top1(module, DATA.test.batch(np.arange(23)), 0.5, 0.25)  # the file's metadata
    assert (scores.images, scores.top1) == (23, expected)


def test_normalization_is_given_or_the_files_or_the_sets(
    subject: Subject, module: nn.Module
) -> None:
    images = DATA.test.batch(np.arange(23))

    def differs(s: Subject, expected: float, **given: list[float]) -> float:
        return bench.evaluate(s, "plumline", DATA, **given).top1 - expected

    assert differs(subject, top1(module, images, 0.9, 0.5), mean=[0.9], std=[0.5]) == 0
    assert differs(replace(subject, metadata={}), top1(module, images, 0.1, 0.2)) == 0


def test_the_centre_is_cut_out_of_larger_images(subject: Subject) -> None:
    large = replace(DATA, shape=(1, 12, 10), test=split(9, 12))
    images = large.test.batch(np.arange(9))[:, :, 2:10, 2:10]
    cut = replace(DATA, test=ArraySplit(images, large.test.labels))
    assert bench.evaluate(subject, "plumline", large) == bench.evaluate(subject, "plumline", cut)


def test_a_fixed_batch_size_is_filled_up(module: nn.Module, tmp_path: Path) -> None:
    import plumline

    path = tmp_path / "fixed.onnx"
    plumline.export_onnx(module, torch.zeros(4, 1, 8, 8), path, dynamic_batch=False)
    fixed = bench.evaluate(Subject.open(path), "plumline", DATA)
    assert fixed.images == 23
    assert fixed.top1 == top1(module, DATA.test.batch(np.arange(23)), 0.1, 0.2)


def test_agreement_is_on_every_image(subject: Subject) -> None:
    found = bench.agree(dict.fromkeys(["plumline", "onnxruntime", "torch"], subject), DATA, batch=5)
    assert found.images == 23
    assert len(set(found.top1.values())) == 1
    assert 0 < found.difference < 1e-4


def test_another_network_does_not_agree(subject: Subject, module: nn.Module) -> None:
    torch.manual_seed(1)
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).eval()
    with pytest.raises(InputError, match="torch and plumline differ"):
        bench.agree({"plumline": subject, "torch": replace(subject, module=other)}, DATA)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputs": {"a": (1,), "b": (1,)}}, "2 inputs"),
        ({"inputs": {"input": ("N", 64)}}, "classifier of images"),
        ({"inputs": {"input": ("N", 3, 8, 8)}}, "takes images of"),
        ({"inputs": {"input": ("N", 1, 9, 9)}}, "takes images of"),
        ({"metadata": {"plumline.mean": "0.5"}}, "plumline.mean"),
        ({"metadata": {"plumline.mean": '["a"]'}}, "plumline.mean"),
    ],
)
def test_a_network_that_does_not_fit_is_told_why(
    subject: Subject, changes: dict[str, dict[str, object]], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        bench.evaluate(replace(subject, **changes), "plumline", DATA)


def test_too_few_classes_are_told(subject: Subject) -> None:
    many = replace(DATA, classes=tuple(map(str, range(11))))
    with pytest.raises(InputError, match="--dataset"):
        bench.evaluate(subject, "plumline", many)


def test_the_data_set_is_the_one_in_the_metadata_or_the_given_one(subject: Subject) -> None:
    assert bench.open_dataset(subject).name == "digits"
    with pytest.raises(InputError, match="--dataset"):
        bench.open_dataset(replace(subject, metadata={}))
    with pytest.raises(InputError, match="digits"):
        bench.open_dataset(subject, name="digit")
