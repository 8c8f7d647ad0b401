"""Parse the command line, run one verb, print its answer; a user's mistake is one line and a 2."""

import contextlib
import json
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import NoReturn

from plumline import __version__
from plumline._names import look_up
from plumline.cli import verbs
from plumline.cli.extras import cure
from plumline.cli.registry import VERBS, Answer, Verb
from plumline.errors import InputError

ORDER = (  # in which a newcomer meets them
    *("quickstart", "train", "sweep", "eval", "export", "quantize", "compile", "run", "bench"),
    *("inspect", "analyze", "energy", "report", "reproduce", "doctor"),
)
UNFINISHED, USER_MISTAKE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line (``sys.argv`` by default) and return the exit code.

    0 when all went well; after one line on standard error, 1 when a part of the work is not done,
    2 for a user's mistake, 130 for Ctrl-C.
    """
    try:
        return _main(list(sys.argv[1:] if argv is None else argv))
    except InputError as error:
        return _fail(str(error), USER_MISTAKE)
    except BrokenPipeError:
        return BROKEN_PIPE
    except ModuleNotFoundError as error:
        advice = cure(error.name)
        if advice is None:
            raise
        return _fail(advice, USER_MISTAKE)
    except MemoryError as error:
        reason = str(error) or "out of memory"
        return _fail(f"{reason}: use a smaller batch or network", USER_MISTAKE)
    except OSError as error:
        if error.strerror is None:
            raise
        where = "" if error.filename is None else f"{error.filename}: "
        return _fail(f"{where}{error.strerror}", USER_MISTAKE)
    except KeyboardInterrupt as interrupt:
        return _fail(str(interrupt) or "interrupted", INTERRUPTED)


def _main(arguments: list[str]) -> int:
    _load_verbs()
    if arguments and not arguments[0].startswith("-"):
        look_up("verb", arguments[0], VERBS)
    options = _parser().parse_args(arguments)
    if options.verb is None:
        _parser().print_help()
        return 0
    answer = _run(VERBS[options.verb], options)
    if os.environ.get("RANK", "0") != "0":
        return 0  # under torchrun, the first process answers for all
    _print(json.dumps(answer.data) if options.json else answer.text)
    return _fail(answer.unfinished, UNFINISHED) if answer.unfinished else 0


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:
        # The reader has gone or the disk is full: the interpreter's exit must not try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _run(verb: Verb, options: Namespace) -> Answer:
    # Standard output is for the answer alone, whatever a library prints on the way.
    with contextlib.redirect_stdout(sys.stderr):
        return verb.run(options)


def _fail(message: str, code: int) -> int:
    print(f"plumline: error: {' '.join(message.split())}", file=sys.stderr, flush=True)
    return code


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="plumline",
        description="Train networks with few weight values, and run them fast on a CPU.",
        epilog="Each verb has its own --help. Start with: plumline quickstart",
    )
    parser.add_argument("--version", action="version", version=f"plumline {__version__}")
    parser.set_defaults(verb=None)
    subparsers = parser.add_subparsers(metavar="VERB", title="verbs")
    for name in sorted(VERBS, key=ORDER.index):
        verb = VERBS[name]
        sub = subparsers.add_parser(
            name,
            help=verb.help,
            description=verb.help,
            epilog=f"example:\n  {verb.example}",
            formatter_class=RawDescriptionHelpFormatter,
        )
        verb.declare(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object, for machines")
        sub.set_defaults(verb=name)
    return parser


def _load_verbs() -> None:
    for module in iter_modules(verbs.__path__):
        import_module(f"{verbs.__name__}.{module.name}")
