"""What an inference takes on an accelerator, estimated, and on this machine, measured.

See docs/energy.md.
"""

from plumline.energy.array import DATAFLOWS, Array, MatrixProduct, count
from plumline.energy.estimate import Estimate, LayerEnergy, estimate
from plumline.energy.events import COMPONENTS, EVENTS, Events
from plumline.energy.powercap import Measured, measure
from plumline.energy.products import products
from plumline.energy.tables import BITS, EnergyTable, Price

__all__ = [
    "BITS",
    "COMPONENTS",
    "DATAFLOWS",
    "EVENTS",
    "Array",
    "EnergyTable",
    "Estimate",
    "Events",
    "LayerEnergy",
    "MatrixProduct",
    "Measured",
    "Price",
    "count",
    "estimate",
    "measure",
    "products",
]
