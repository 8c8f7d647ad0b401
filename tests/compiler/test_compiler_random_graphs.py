"""Random networks give ONNX Runtime's answers, to 1e-4 of the largest, at any batch size."""

import numpy as np
import onnxruntime
import pytest
from random_graphs import random_model

from plumline.compiler import compile, compile_artifact
from plumline.runtime import Artifact, Program


def expected(model, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("seed", range(80))
def test_same_answers_as_onnxruntime(seed, engine):
    model, shape = random_model(seed)
    program = compile(model)
    for batch in (1, 3):
        x = np.random.default_rng(seed).standard_normal((batch, *shape), np.float32)
        wanted = expected(model, x)
        np.testing.assert_allclose(program(x), wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("seed", range(10))
def test_a_saved_program_gives_the_same_bits(seed, engine):
    model, shape = random_model(seed)
    artifact = compile_artifact(model)
    x = np.random.default_rng(seed).standard_normal((2, *shape), np.float32)
    np.testing.assert_array_equal(
        Program(artifact)(x), Program(Artifact.from_bytes(artifact.to_bytes()))(x)
    )
