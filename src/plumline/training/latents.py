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
    all epochs that it keeps; see `keep_epochs` for the others.
    """

    def __init__(self, folder: Path, enabled: bool) -> None:
        self._path = folder / FILE
        self._enabled = enabled

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


def keep_epochs(folder: Path, epochs: int) -> None:
    """Drop the lines of a run folder beyond the first ``epochs`` epochs, which are done again."""
    path = folder / FILE
    kept = [record for record in read_log(folder) if record["epoch"] <= epochs]
    if kept:
        write_text(path, "".join(map(_line, kept)))
    else:
        path.unlink(missing_ok=True)


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
