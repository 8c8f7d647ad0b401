"""Latent weights of a trained network: effectual ones within all, and both kinds of regions."""

from plumline.analysis.drawing import draw_latents
from plumline.analysis.latents import LatentLayer, analyze_latents
from plumline.reproduce.context import Context
from plumline.reproduce.item import Comparison, Outcome, Row, item
from plumline.reproduce.plum.training import Wanted, conditions, train


@item("plum", "latents", "figure", "latent weights of effectual parameters and of all", trains=True)
def make(context: Context) -> Outcome:
    """Describe the latent weights of the signed-binary network of the accuracy table."""
    run = train(context, Wanted("signed-binary"))
    found = analyze_latents(context.runs / run.folder)
    pooled = found.pooled
    rows = [row for layer in (*found.layers, pooled) for row in _rows(layer)]
    where = conditions([run]) + ", layers pooled"
    comparisons = [
        Comparison("latents", _nested(pooled), where),
        Comparison("latents-pooled", _shape(pooled), where),
    ]
    return Outcome(rows, comparisons, lambda path: draw_latents(found, path))


def _rows(layer: LatentLayer) -> list[Row]:
    rows = []
    for group, part in layer.groups.items():
        row = {"layer": layer.name, "group": group, "count": part.count, "mean": part.mean}
        row |= {"std": part.std, "skewness": part.skewness, "kurtosis": part.kurtosis}
        for name, fit in (("laplace", part.laplace), ("normal", part.normal)):
            row[f"{name}_log_likelihood"] = fit.log_likelihood if fit else None
            row[f"{name}_distance"] = fit.distance if fit else None
        rows.append(row)
    return rows


def _nested(layer: LatentLayer) -> str:
    whole, part = layer.groups["all"], layer.groups["effectual"]
    return (
        f"effectual {part.count:,} of {whole.count:,}; standard deviation {part.std:.2f} of "
        f"{whole.std:.2f}, excess kurtosis {part.kurtosis:.1f} of {whole.kurtosis:.1f}"
    )


def _shape(layer: LatentLayer) -> str:
    whole = layer.groups["all"]
    assert whole.laplace is not None
    assert whole.normal is not None
    nearer = "Laplace" if whole.laplace.distance < whole.normal.distance else "Normal"
    return (
        f"mean {whole.mean:.3f} deviations; nearer to {nearer} (distance of Laplace "
        f"{whole.laplace.distance:.3f}, of Normal {whole.normal.distance:.3f})"
    )
