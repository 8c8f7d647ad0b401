"""Weights come back from every form in which an artifact holds them."""

import numpy as np
import pytest

from plumline.analysis import unpack
from plumline.compiler.pack import pack
from plumline.runtime.artifact import Node

FORMS = {
    "planes": [0.0, 1.0],
    "dense": None,
    "dense with a table": list(np.linspace(-1, 1, 17)),
    "sparse": None,
    "sparse with a table": [0.0] * 40 + [0.5, -1.5, 2.0, 0.25, 3.0, -0.125],
}


@pytest.mark.parametrize("form", FORMS)
def test_weights_survive_packing(form: str) -> None:
    random = np.random.default_rng(1)
    values, shape = FORMS[form], (12, 180)
    weight = random.standard_normal(shape) if values is None else random.choice(values, shape)
    if form == "sparse":
        weight *= random.random(shape) < 0.1
    weight = weight.astype(np.float32)
    packed = pack(weight)
    assert packed.form == form.partition(" ")[0]
    assert ("table" in packed.tensors) == form.endswith("table")
    attributes = {"filters": shape[0], "columns": shape[1], "weights": packed.form}
    node = Node("linear", "layer", (0,), (1,), attributes, packed.tensors)
    assert np.array_equal(unpack.weights(node), weight)
    assert unpack.packed_bytes(node) == packed.bytes
