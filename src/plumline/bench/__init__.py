"""The same network side by side in several runtimes: equal answers first, then times in turns."""

from plumline.bench.compare import Comparison, Row, compare
from plumline.bench.contenders import Contender, contender, installed, look_up, names
from plumline.bench.machine import Machine
from plumline.bench.measure import Timing, interleave
from plumline.bench.subject import Subject

__all__ = [
    "Comparison",
    "Contender",
    "Machine",
    "Row",
    "Subject",
    "Timing",
    "compare",
    "contender",
    "installed",
    "interleave",
    "look_up",
    "names",
]
