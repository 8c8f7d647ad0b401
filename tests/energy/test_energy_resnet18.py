"""PLUM's claim: signed-binary takes half of binary's energy on the 3x3 layers of ResNet-18."""

import pytest

from plumline.energy import Array, EnergyTable, MatrixProduct, estimate

# Channels, filters, side of the output, layers of this shape.
LAYERS = [
    (64, 64, 56, 4),
    (64, 128, 28, 1),
    (128, 128, 28, 3),
    (128, 256, 14, 1),
    (256, 256, 14, 3),
    (256, 512, 7, 1),
    (512, 512, 7, 3),
]
STOCK = [(64, 64), (128, 64), (128, 128), (256, 64), (256, 128), (256, 256)]


def layers(density):
    return [
        MatrixProduct(
            f"{channels}@{side}",
            (round(density * channels * 9),) * filters,
            channels * 9,
            side * side,
            channels * (side if channels == filters else 2 * side) ** 2,
        )
        for channels, filters, side, times in LAYERS
        for _ in range(times)
    ]


def ratio(table, array, number_format="fp16"):
    """Binary without zeros on the dense dataflow, over signed-binary at density .357."""
    options = {
        "table": EnergyTable.load(table),
        "array": array,
        "number_format": number_format,
    }
    dense = estimate(layers(1.0), dataflow="dense", **options)
    return dense.energy / estimate(layers(0.357), dataflow="sparse", **options).energy


def test_the_layers_are_the_network_s():
    assert sum(layer.weights for layer in layers(1.0)) == 10_985_472
    assert sum(sum(layer.nonzeros) for layer in layers(0.357)) == pytest.approx(3.92e6, rel=1e-3)


def test_with_stonne_s_table_the_model_says_about_2x(record_property):
    found = {size: ratio("stonne", Array(*size)) for size in STOCK}
    record_property("ratio of binary to signed-binary, the paper's is 2", found)
    assert all(1.9 < value < 2.2 for value in found.values()), found
    # No part saves more than the weights that are left out.
    assert max(found.values()) < 1 / 0.357


def test_with_dearer_reads_the_activations_that_still_move_take_the_gain():
    assert 1.05 < ratio("horowitz-45nm", Array()) < 1.15
