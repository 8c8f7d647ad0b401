"""What latent weights are like after each epoch, one line of ``latents.jsonl`` each."""

import json
from pathlib import Path
from typing import Any

from torch import nn

from plumline._files import write_text
from plumline.schemes.latents import read_latents

FILE = "latents.jsonl"


class LatentLog:
    """Writes what the latents of a run are; does nothing unless ``enabled``.

    A line is written before the checkpoint of its epoch, so a run that goes on finds the lines of
    all epochs that it keeps; those of epochs that it does again are dropped first.
    """

    def __init__(self, folder: Path, epochs_done: int, enabled: bool) -> None:
        self._path = folder / FILE
        self._enabled = enabled
        if enabled and self._path.is_file():
            kept = [record for record in read_log(folder) if record["epoch"] <= epochs_done]
            write_text(self._path, "".join(map(_line, kept)))

    def add(self, epoch: int, model: nn.Module) -> None:
        """Write what the converted layers are after an epoch; nothing for a model without."""
        if not self._enabled:
            return
        layers = [
            {
                "name": latents.name,
                "scheme": latents.scheme,
                **latents.moments()._asdict(),
                "density": float(latents.effectual.mean()),
                "histograms": latents.histograms(),
            }
            for latents in read_latents(model)
        ]
        if layers:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line({"epoch": epoch, "layers": layers}))


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a run folder, one an epoch; none where nothing was recorded.

    A last line that a killed process left unfinished is passed over.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record) + "\n"
