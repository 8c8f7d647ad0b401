"""Run folders on the command line, where they may stand for the network they hold."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from plumline.export import ExportReport
    from plumline.training import Run


def metadata_of(run: "Run") -> Mapping[str, object]:
    """Return what an evaluation of the exported network must know."""
    facts = run.dataset
    options: dict[str, Any] = dict(run.recipe.data.options)
    return {
        "dataset": facts["name"],
        "classes": facts["classes"],
        "mean": facts["mean"],
        "std": facts["std"],
        **({"dataset_options": options} if options else {}),
    }


def example_of(run: "Run") -> "Tensor":
    """Make one image of zeros, in the size that the network is evaluated on."""
    import torch

    return torch.zeros(1, *run.input_shape)


def export_run(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> "ExportReport":
    """Write the network of a run folder as plain ONNX."""
    from plumline.export import export_onnx
    from plumline.training import read_run

    run = read_run(folder)
    return export_onnx(run.model, example_of(run), path, metadata=metadata_of(run))


def is_run(path: str | os.PathLike[str]) -> bool:
    """Say whether a path is a folder, which can only be a run."""
    return Path(path).is_dir()
