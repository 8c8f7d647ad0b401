"""Weight schemes: what the weights of a layer may be. See docs/schemes.md."""

from plumline.schemes.base import (
    Quantizer,
    Scheme,
    create,
    from_table,
    names,
    quantizer_of,
    register_scheme,
)
from plumline.schemes.binary import Binary
from plumline.schemes.error_decay import ErrorDecay
from plumline.schemes.gradient import GradientEstimator, register_gradient, set_progress
from plumline.schemes.identity import Float
from plumline.schemes.signed_binary import SignedBinary
from plumline.schemes.straight_through import StraightThrough
from plumline.schemes.ternary import Ternary

__all__ = [
    "Binary",
    "ErrorDecay",
    "Float",
    "GradientEstimator",
    "Quantizer",
    "Scheme",
    "SignedBinary",
    "StraightThrough",
    "Ternary",
    "create",
    "from_table",
    "names",
    "quantizer_of",
    "register_gradient",
    "register_scheme",
    "set_progress",
]
