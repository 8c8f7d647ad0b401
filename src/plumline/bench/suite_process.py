"""``python -m plumline.bench.suite_process NAME SETTINGS FILE``: measure, adding rows to a file.

This is how a suite is measured under a cap, in a process that was started with its settings.
"""

import sys

from plumline.bench.suite import Settings
from plumline.bench.suite_run import run_suite
from plumline.errors import InputError


def main() -> int:
    """Read the settings and measure; return the exit code."""
    name, settings, path = sys.argv[1:]
    try:
        run_suite(name, Settings.from_json(settings), csv=path, resume=True, say=_say)
    except InputError as error:
        _say(f"plumline: error: {error}")
        return 2
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
