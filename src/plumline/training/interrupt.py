"""Ctrl-C that lets the step in progress end, and the clock of checkpoints."""

import signal
import threading
import time
from types import FrameType, TracebackType

import torch
from lightning_fabric import Fabric

NOTHING, SAVE, STOP = 0, 1, 2
_STEPS_BETWEEN_AGREEMENTS = 10


class Watch:
    """Says after each step whether to go on, to save, or to save and stop.

    While it is entered, the first Ctrl-C is noted instead of raised; a second is raised at once.
    """

    def __init__(self, fabric: Fabric, seconds: float) -> None:
        self.fabric, self.seconds = fabric, seconds
        self.saved = time.monotonic()
        self.stopping = False

    def __enter__(self) -> "Watch":
        # Only the main thread may set signal handlers; elsewhere Ctrl-C stays with the caller.
        self.handles = threading.current_thread() is threading.main_thread()
        if self.handles:
            self.previous = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.handles:
            signal.signal(signal.SIGINT, self.previous)

    def verdict(self, step: int) -> int:
        """Return NOTHING, SAVE or STOP after a step of the epoch; the same in every process.

        The clocks and signals of several processes differ, so they agree on the strongest wish;
        only every few steps, because it costs a message.
        """
        wish = STOP if self.stopping else SAVE if self._due() else NOTHING
        if self.fabric.world_size == 1:
            return wish
        if step % _STEPS_BETWEEN_AGREEMENTS:
            return NOTHING
        wishes = torch.tensor(wish, device=self.fabric.device)
        torch.distributed.all_reduce(wishes, torch.distributed.ReduceOp.MAX)
        return int(wishes)

    def reset(self) -> None:
        """Note that a checkpoint has just been written."""
        self.saved = time.monotonic()

    def _due(self) -> bool:
        return time.monotonic() - self.saved >= self.seconds

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self.stopping = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
