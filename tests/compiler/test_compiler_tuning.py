"""Tuning measures what the estimates leave open, and keeps what was fastest."""

from collections.abc import Callable

import numpy as np
import onnx
import onnx.parser
import pytest

import plumline
from plumline.compiler import compile_artifact, tuning
from plumline.errors import InputError
from plumline.runtime import Artifact, Program

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
agraph (float[N,32,14,14] x) => (float[N,32,14,14] y) {
    a = Conv <pads = [1,1,1,1]> (x, w0) b = Relu(a)
    c = Conv <pads = [1,1,1,1]> (b, w1) d = Relu(c)
    y = Conv <pads = [1,1,1,1]> (d, w2)
}"""
FIXED = {"x": (1, 32, 14, 14)}


@pytest.fixture(autouse=True)
def portable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMLINE_ISA", "portable")  # the same candidates on every machine


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    proto = onnx.parser.parse_model(TEXT)
    random = np.random.default_rng(0)
    for number in range(3):
        weight = (random.random((32, 32, 3, 3)) < 0.35).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(weight, f"w{number}"))
    return proto


def methods(program: Program) -> list[str]:
    return [step.kernel.partition("/")[0] for step in program.plan()]


def pretend(
    monkeypatch: pytest.MonkeyPatch, seconds: Callable[[int, str, list[str]], float]
) -> None:
    """Make every step take ``seconds(number, its method, all methods)``."""

    def times(program: Program) -> list[float]:
        names = methods(program)
        return [seconds(number, name, names) for number, name in enumerate(names)]

    monkeypatch.setattr(tuning, "_times", times)


def finalists(model: onnx.ModelProto) -> list[str]:
    program = plumline.compile(model, shapes=FIXED)
    first = tuning._finalists(program.candidates()[0].costs)
    assert len(first) > 1
    assert methods(program) == [first[0]] * 3
    return first


def test_the_method_that_was_fastest_is_kept(
    model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, other, *slower = finalists(model)
    fast = {0: usual, 1: other, 2: usual}
    pretend(monkeypatch, lambda number, name, _: 0.5 if name == fast[number] else 1.0)
    artifact, found = tuning.tune(compile_artifact(model, shapes=FIXED))
    assert [choice.tuned for choice in found.choices] == [usual, other, usual]
    assert found.choices[1].estimated == usual
    expected = {usual: 1.0, other: 0.5} | dict.fromkeys(slower, 1.0)
    assert found.choices[1].seconds == pytest.approx(expected)
    assert (found.seconds_before, found.seconds_after) == (2.0, 1.5)
    program = Program(artifact)
    assert methods(program) == [usual, other, usual]
    assert {step.choice for step in program.plan()} == {"tuned"}


def test_a_gain_that_may_be_noise_changes_nothing(
    model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, *_ = finalists(model)
    pretend(monkeypatch, lambda number, name, _: 1.0 if name == usual else 0.98)
    program = Program(tuning.tune(compile_artifact(model, shapes=FIXED))[0])
    assert methods(program) == [usual] * 3


def test_what_the_following_steps_pay_is_charged(
    model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method after which the next step is slower may be slower on the whole."""
    usual, other, *_ = finalists(model)

    def seconds(number: int, name: str, names: list[str]) -> float:
        follows_other = number > 0 and names[number - 1] != usual
        return (1.0 if name == usual else 0.8) + (0.5 if follows_other else 0.0)

    pretend(monkeypatch, seconds)
    artifact, found = tuning.tune(compile_artifact(model, shapes=FIXED))
    assert found.seconds_after <= found.seconds_before
    # The last step has none after it; the others are better left as they are.
    assert methods(Program(artifact)) in ([usual, usual, other], [usual] * 3)


def test_a_program_that_is_no_faster_on_the_whole_stays_as_estimated(
    model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, *_ = finalists(model)

    def seconds(number: int, name: str, names: list[str]) -> float:
        return 9.0 if usual not in names else 1.0 if name == usual else 0.5

    pretend(monkeypatch, seconds)
    artifact, found = tuning.tune(compile_artifact(model, shapes=FIXED))
    assert methods(Program(artifact)) == [usual] * 3
    assert found.seconds_after == found.seconds_before


def test_a_tuned_program_is_the_same_file_everywhere(model: onnx.ModelProto) -> None:
    x = np.random.default_rng(1).standard_normal(FIXED["x"]).astype(np.float32)
    tuned = plumline.compile(model, shapes=FIXED, tune=True)
    expected = plumline.compile(model, shapes=FIXED)(x)
    for isa in ("portable", "reference", "amx"):  # the last is the best of this machine
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PLUMLINE_ISA", isa)
            again = Program(Artifact.from_bytes(tuned.artifact.to_bytes()))
            np.testing.assert_allclose(again(x), expected, atol=1e-5 * np.abs(expected).max())
            if isa == "portable":
                assert methods(again) == methods(tuned)
                assert {step.choice for step in again.plan()} == {"tuned"}
    assert "tuned" not in plumline.compile(model, shapes=FIXED).artifact.nodes[0].attributes


def test_where_nothing_is_left_open_nothing_is_measured(
    model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMLINE_ISA", "reference")
    artifact = compile_artifact(model, shapes=FIXED)
    tuned, found = tuning.tune(artifact)
    assert not found.choices
    assert tuned.to_bytes() == artifact.to_bytes()


def test_open_sizes_are_refused(model: onnx.ModelProto) -> None:
    with pytest.raises(InputError, match=r"'x' is \(N, 32, 14, 14\): give it a shape with shapes="):
        plumline.compile(model, tune=True)
