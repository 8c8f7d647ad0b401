"""Several calls at a time, each in an interpreter of its own with its share of the cores."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType

from plumline.errors import InputError
from plumline.runtime import native

INTERRUPTED, GOES_ON = 130, "the same command goes on"
LONGEST = 2000
"""Most characters of a reason: a pipe holds them, whether or not somebody reads."""

Call = Callable[[], object]


def side_by_side(calls: Sequence[Call], jobs: int | None = None) -> None:
    """Make all calls, ``jobs`` at a time, each in a process of its own, and wait for their end.

    Small networks gain little from a second thread: two processes of one thread each do more.
    What a call returns is lost; calls leave their results in files. A script that comes here needs
    the guard ``if __name__ == "__main__":``, because each process imports the script first.

    The processes end with this one, also where it is killed: they are interrupted as by Ctrl-C,
    after which a training writes its checkpoint. They are a process group each, so Ctrl-C in the
    terminal reaches them once, from here. A second Ctrl-C kills them.

    Args:
        calls: What can be pickled. Each computes on a ``jobs``-th of the cores.
        jobs: Processes at a time; all calls at once if None.

    Raises:
        InputError: A call failed, or its process was killed; all others were made nevertheless.
        KeyboardInterrupt: On Ctrl-C or SIGTERM, when all processes have ended.
    """
    if not calls:
        return
    jobs = min(jobs or len(calls), len(calls))
    threads = max(1, native.cores() // jobs)
    waiting, failures = list(calls), list[str]()
    children: list[_Child] = []
    with _terminable():
        try:
            while waiting or children:
                while waiting and len(children) < jobs:
                    with _deaf():
                        children.append(_start(waiting.pop(0), threads))
                ended = wait([child.process.sentinel for child in children])
                for child in [child for child in children if child.process.sentinel in ended]:
                    children.remove(child)
                    if reason := _outcome(child):
                        failures.append(reason)
        except KeyboardInterrupt as interrupt:
            _stop(children)
            raise KeyboardInterrupt(str(interrupt) or f"stopped; {GOES_ON}") from None
        except BaseException:
            _stop(children)
            raise
    if failures:
        reasons = "; ".join(dict.fromkeys(failures))
        raise InputError(f"{len(failures)} of {len(calls)} calls were not done: {reasons}")


@dataclass(frozen=True)
class _Child:
    """A process and the pipe to it: down goes the wish that it stop, up why its call failed."""

    process: BaseProcess
    pipe: Connection


def _start(call: Call, threads: int) -> _Child:
    # New interpreters: PyTorch's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(call, threads, there))
    process.start()
    there.close()  # so that it is the child alone who holds it
    return _Child(process, here)


def _outcome(child: _Child) -> str | None:
    """Return why an ended process did not do its call; None if it did."""
    child.process.join()
    code = child.process.exitcode
    with child.pipe:
        if not code:
            return None
        if code < 0:
            name = signal.Signals(-code).name
            return f"its process was killed by {name}; {GOES_ON}"
        with suppress(EOFError, OSError):
            if child.pipe.poll():
                return str(child.pipe.recv())
    return f"its process ended with code {code}"


def _stop(children: Sequence[_Child]) -> None:
    """Interrupt all and wait for them; kill them where the wait is interrupted too."""
    try:
        for child in children:
            with suppress(OSError):
                child.pipe.send(None)
        for child in children:
            child.process.join()
    except KeyboardInterrupt:
        for child in children:
            child.process.kill()
            child.process.join()


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM interrupt this process as Ctrl-C does, unless the program has its own way."""
    if not _on_main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(f"stopped by SIGTERM; {GOES_ON}")

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _deaf() -> Iterator[None]:
    """Start a process that ignores Ctrl-C until it is ready to be told by its pipe."""
    if not _on_main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(call: Call, threads: int, pipe: Connection) -> None:
    """Make the call in the new process."""
    import torch

    torch.set_num_threads(threads)
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=_obey, args=(pipe,), daemon=True).start()
        call()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        expected = isinstance(error, InputError)
        pipe.send((str(error) if expected else f"{type(error).__name__}: {error}")[:LONGEST])
        if not expected:
            raise
        sys.exit(1)


def _obey(pipe: Connection) -> None:
    """Interrupt the main thread when the parent says so, or is no more."""
    with suppress(EOFError, OSError):
        pipe.recv()
    # To that thread itself: it may wait in a call that only its own signals end.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
