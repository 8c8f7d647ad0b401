"""The same network side by side in several runtimes: equal answers first, then times in turns."""

from plumline.bench.accuracy import Agreement, agree, evaluate, open_dataset
from plumline.bench.comparison import Comparison, Row, compare
from plumline.bench.contenders import Contender, able, contender, look_up, names
from plumline.bench.machine import Machine
from plumline.bench.measure import Timing, interleave
from plumline.bench.subject import Subject

__all__ = [
    "Agreement",
    "Comparison",
    "Contender",
    "Machine",
    "Row",
    "Subject",
    "Timing",
    "able",
    "agree",
    "compare",
    "contender",
    "evaluate",
    "interleave",
    "look_up",
    "names",
    "open_dataset",
]
