"""PLUM (Kuhar, Jain, Tumanov, TMLR 2024): its tables and figures, each in a file."""

from plumline.reproduce.plum import (  # noqa: F401, I001 - registered in this order
    arithmetic,
    density_energy,
    speed,
    accuracy,
    tradeoff,
    latents,
    latent_history,
    ablations,
    datasets,
    imagenet,
)
