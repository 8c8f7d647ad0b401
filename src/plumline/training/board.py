"""TensorBoard event files beside the run's own logs."""

from pathlib import Path
from typing import Any

from plumline._extras import require


class Board:
    """Writes each number of an epoch's record as a scalar; does nothing unless ``enabled``."""

    def __init__(self, folder: Path, epochs_done: int, enabled: bool) -> None:
        self.writer: Any = None
        if enabled:
            require("tensorboard", "tensorboard")
            from torch.utils.tensorboard import SummaryWriter

            # Epochs that a killed run wrote after its last checkpoint are dropped by the viewer.
            self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=epochs_done + 1)

    def add(self, record: dict[str, Any]) -> None:
        """Write one epoch."""
        if self.writer:
            for key, value in record.items():
                if key != "epoch" and value is not None:
                    self.writer.add_scalar(key.replace("_", "/", 1), value, record["epoch"])
            self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        if self.writer:
            self.writer.close()
