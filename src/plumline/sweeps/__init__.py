"""Many runs that differ in a few keys, done by many workers: see docs/sweeps.md."""

from plumline.sweeps.equal import Match, narrowed, quantized_parameters, shortened
from plumline.sweeps.results import Results, results
from plumline.sweeps.spec import Spec
from plumline.sweeps.work import run

__all__ = [
    "Match",
    "Results",
    "Spec",
    "narrowed",
    "quantized_parameters",
    "results",
    "run",
    "shortened",
]
