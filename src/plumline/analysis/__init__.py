"""What a network's weights repeat and leave out, and the arithmetic that this saves.

See docs/analysis.md. Nothing heavy is imported before a network is read.
"""

from plumline.analysis.analyze import CHANNEL_GROUP, DEFAULT_OPERATIONS, analyze
from plumline.analysis.drawing import draw_latent_history, draw_latents
from plumline.analysis.execution import ExecutionModel, Operations
from plumline.analysis.latents import (
    Distribution,
    Fit,
    LatentAnalysis,
    LatentLayer,
    analyze_latents,
)
from plumline.analysis.layer import Layer, Network
from plumline.analysis.results import Analysis, LayerAnalysis, Totals
from plumline.analysis.sources.read import read_network

__all__ = [
    "CHANNEL_GROUP",
    "DEFAULT_OPERATIONS",
    "Analysis",
    "Distribution",
    "ExecutionModel",
    "Fit",
    "LatentAnalysis",
    "LatentLayer",
    "Layer",
    "LayerAnalysis",
    "Network",
    "Operations",
    "Totals",
    "analyze",
    "analyze_latents",
    "draw_latent_history",
    "draw_latents",
    "read_network",
]
