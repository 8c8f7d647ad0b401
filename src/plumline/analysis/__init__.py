"""What a network's weights repeat and leave out, and the arithmetic that this saves.

See docs/analysis.md. Nothing heavy is imported before a network is read.
"""

from plumline.analysis.analysis import Analysis, LayerAnalysis, Totals
from plumline.analysis.analyze import CHANNEL_GROUP, DEFAULT_OPERATIONS, analyze
from plumline.analysis.execution import ExecutionModel, Operations
from plumline.analysis.layer import Layer, Network
from plumline.analysis.sources.read import read_network

__all__ = [
    "CHANNEL_GROUP",
    "DEFAULT_OPERATIONS",
    "Analysis",
    "ExecutionModel",
    "Layer",
    "LayerAnalysis",
    "Network",
    "Operations",
    "Totals",
    "analyze",
    "read_network",
]
