"""Several trainings at a time, each in an interpreter of its own with its share of the cores."""

import multiprocessing
import sys
from collections.abc import Callable, Sequence

from plumline.errors import InputError
from plumline.runtime import native


def side_by_side(calls: Sequence[Callable[[], object]]) -> None:
    """Make all calls at the same time, each in a process of its own, and wait for their end.

    Small networks gain little from a second thread: two processes of one thread each do more.
    What is called, and what it returns, is lost; calls leave their results in files.

    Args:
        calls: What can be pickled. Each computes on an equal share of the cores.

    Raises:
        InputError: A process ended before its call did; the others were waited for.
    """
    # New interpreters: PyTorch's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    threads = max(1, native.cores() // len(calls))
    processes = [context.Process(target=_work, args=(call, threads)) for call in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if failed := [process.exitcode for process in processes if process.exitcode]:
        raise InputError(
            f"{len(failed)} of {len(calls)} processes ended before their work was done (code "
            f"{failed[0]}): the same command goes on"
        )


def _work(call: Callable[[], object], threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
    try:
        call()
    except KeyboardInterrupt:
        sys.exit(130)
    except InputError as error:
        sys.exit(f"plumline: {error}")  # the line, and code 1
