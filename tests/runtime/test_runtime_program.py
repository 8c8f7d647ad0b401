"""Running a program: what it takes, what it gives, and what it says when called wrongly."""

from dataclasses import replace

import numpy as np
import numpy_interpreter
import onnx.parser
import pytest

from plumline.compiler import compile
from plumline.errors import ArtifactError, InputError
from plumline.runtime import Program, load, native, plan


@pytest.fixture
def program(artifact):
    return Program(artifact)


def test_inputs_and_outputs(program):
    assert [str(info) for info in program.inputs] == ["x: float32 (N, 3, 6, 6)"]
    assert [str(info) for info in program.outputs] == ["y: float32 (N, 5)"]
    assert program.metadata == {"plumline.dataset": "digits"}
    assert "x: float32" in repr(program)


def test_the_same_answers_as_the_plain_interpreter(artifact, x, monkeypatch, program):
    y = program(x)
    monkeypatch.setattr(native, "module", lambda: numpy_interpreter)
    np.testing.assert_allclose(y, Program(artifact)(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "isa", [isa for isa in native.ISAS if isa in native.module().available_isas()]
)
def test_every_instruction_set_gives_the_same_answers(artifact, x, monkeypatch, program, isa):
    y = program(x)
    monkeypatch.setenv("PLUMLINE_ISA", isa)
    capped = Program(artifact)
    assert capped.isa == isa
    np.testing.assert_allclose(capped(x), y, rtol=1e-4, atol=1e-5)


def test_an_unknown_instruction_set(artifact, monkeypatch):
    monkeypatch.setenv("PLUMLINE_ISA", "sparc")
    with pytest.raises(InputError, match=r"'sparc'.*avx2"):
        Program(artifact)


def test_the_instruction_set_is_a_cap(monkeypatch):
    monkeypatch.setattr(native, "module", lambda: numpy_interpreter)  # it has "reference" only
    assert native.choose_isa("avx512") == "reference"


def test_every_value_has_a_shape(artifact, x, program):
    shapes = program.shapes()
    assert [shapes[port.value] for port in artifact.inputs] == [(1, 3, 6, 6)]
    assert [shapes[port.value] for port in artifact.outputs] == [(1, 5)]
    assert {value: shapes[value] for value in artifact.constants} == {
        value: array.shape for value, array in artifact.constants.items()
    }
    program(x)
    assert all(program.shapes()[node.outputs[0]][0] == len(x) for node in artifact.nodes)


def test_a_saved_program_is_the_same(program, x, tmp_path):
    program.save(tmp_path / "net.plum")
    loaded = load(tmp_path / "net.plum", threads=1)
    np.testing.assert_array_equal(loaded(x), program(x))


def test_the_batch_may_change_from_run_to_run(program, x):
    both = program(x)
    for number in (0, 1):
        np.testing.assert_allclose(
            program(x[number : number + 1])[0], both[number], rtol=1e-5, atol=1e-6
        )


def test_an_empty_batch(program):
    with pytest.raises(InputError, match="empty"):
        program(np.zeros((0, 3, 6, 6), np.float32))


@pytest.mark.parametrize(
    "view", [lambda x: x[:, :, ::-1, ::-1], lambda x: x.transpose(0, 1, 3, 2), lambda x: x[::2]]
)
def test_arrays_that_are_not_contiguous(program, x, view):
    np.testing.assert_array_equal(program(view(x)), program(np.ascontiguousarray(view(x))))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "'x' is missing"),
        ({"X": 0}, "unknown input 'X'"),
        ({"x": np.zeros((1, 3, 6, 6), np.float32), "z": 0}, "unknown input 'z'"),
        ({"x": np.zeros((1, 3, 6, 6))}, r"float64, not float32: pass \.astype\(np\.float32\)"),
        ({"x": np.zeros((1, 3, 6, 6), np.uint8)}, "uint8"),
        ({"x": "photo.png"}, "float32"),
        ({"x": np.zeros((3, 6, 6), np.float32)}, r"4 axes \(N, 3, 6, 6\)"),
        ({"x": np.zeros((1, 3, 6, 7), np.float32)}, "axis 3 must be 6"),
    ],
)
def test_wrong_inputs(program, inputs, message):
    with pytest.raises(InputError, match=message):
        program.run(inputs)


def test_run_takes_a_table(program, x):
    with pytest.raises(InputError, match="table"):
        program.run(x)


def two_inputs():
    text = (
        "(float[N,3] a, float[N,3] b) => (float[N,3] c, float[N,3] d) { c = Add(a, b) d = "
        "Sub(a, b) }"
    )
    return compile(
        onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> agraph {text}')
    )


def test_a_named_size_is_one_size():
    with pytest.raises(InputError, match="N is 3 here and 2 in 'a'"):
        two_inputs().run({"a": np.zeros((2, 3), np.float32), "b": np.zeros((3, 3), np.float32)})


def test_calling_needs_one_input():
    with pytest.raises(InputError, match=r"2 inputs.*'a', 'b'"):
        two_inputs()(np.zeros((2, 3), np.float32))


def test_calling_gives_a_tuple_of_several_outputs(x):
    text = (
        "(float[N,4] x) => (float[N,1] a, float[N,3] b) <int64[2] s = {1, 3}> { a, b = Split "
        "<axis=1> (x, s) }"
    )
    a, b = compile(
        onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> agraph {text}')
    )(x[0, 0, :, :4].copy())
    assert (a.shape, b.shape) == ((6, 1), (6, 3))


def test_outputs_may_be_given(program, x):
    y = np.full((2, 5), 7, np.float32)
    assert program.run({"x": x}, out={"y": y})["y"] is y
    np.testing.assert_array_equal(y, program(x))


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (lambda x: {"z": 0}, "unknown output 'z'"),
        (lambda x: {"y": [0]}, "list"),
        (lambda x: {"y": np.zeros((2, 4), np.float32)}, r"shape \(2, 5\)"),
        (lambda x: {"y": np.zeros((2, 5))}, "float64"),
        (lambda x: {"y": np.zeros((5, 2), np.float32).T}, "C-contiguous"),
        (lambda x: {"y": x.reshape(-1)[:10].reshape(2, 5)}, "shares memory"),
    ],
)
def test_wrong_arrays_for_outputs(program, x, out, message):
    with pytest.raises(InputError, match=message):
        program.run({"x": x}, out=out(x))


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_wrong_numbers_of_threads(artifact, threads):
    with pytest.raises(InputError, match="threads"):
        Program(artifact, threads)


def test_threads_are_cut_to_the_cores(artifact, x):
    program = Program(artifact, threads=10_000)
    assert program.threads == native.cores()
    np.testing.assert_allclose(program(x), Program(artifact)(x), rtol=1e-5, atol=1e-6)


def test_threads_are_cut_to_what_the_engine_has(artifact, monkeypatch):
    monkeypatch.setattr(native, "cores", lambda: 384)
    assert Program(artifact, threads=300).threads == 256


@pytest.mark.parametrize(
    ("kernel", "visits_all"),
    [
        ("dense/avx2", True),
        ("direct/avx2", True),
        ("winograd/avx2", True),
        ("tables/avx2", False),
        ("reference", False),
    ],
)
def test_planned_operations_are_those_of_the_kernel(artifact, kernel, visits_all):
    """A kernel that visits every weight counts as the dense work, though the file holds planes."""
    nodes = len(artifact.nodes)
    first = plan.make(artifact, [kernel] * nodes, [""] * nodes, "avx2")[0]
    assert 0 < first.planned_operations <= first.dense_operations
    assert (first.planned_operations == first.dense_operations) == visits_all


def test_plan_says_what_each_step_does(program, artifact):
    plan = program.plan()
    assert [step.node for step in plan] == [node.name for node in artifact.nodes]
    first = plan[0]
    assert first.dense_operations == 4 * 27 * 36, "four filters of 3x3x3 at 6x6 positions"
    assert first.weights == 4 * 27
    assert first.bytes >= first.weight_bytes
    assert "{-a,+a} x2" in first.pattern
    assert first.kernel
    assert all(step.why for step in plan if step.weights)
    assert sum(step.bytes for step in plan) == sum(
        t.nbytes for node in artifact.nodes for t in node.tensors.values()
    )
    table = str(plan).splitlines()
    assert len(table) == len(plan) + 1
    assert table[0].startswith("node")


def test_plan_names_the_kernel_that_one_sample_takes_before_any_run(artifact, x):
    program = Program(artifact)
    before = [step.kernel for step in program.plan()]
    assert not any(" or " in kernel for kernel in before)
    program.run({"x": x[:1]})
    assert [step.kernel for step in program.plan()] == before


def test_profile_times_every_step(program, x):
    for inputs in (None, {"x": x}):
        times = program.profile(inputs, repeats=2)
        assert [time.node for time in times] == [step.node for step in program.plan()]
        assert all(time.seconds >= 0 for time in times)
    with pytest.raises(InputError, match="repeats"):
        program.profile(repeats=0)


def test_a_program_that_the_native_module_refuses(artifact):
    nodes = (replace(artifact.nodes[0], op="warp"), *artifact.nodes[1:])
    with pytest.raises(ArtifactError, match="warp"):
        Program(replace(artifact, nodes=nodes))


def test_a_nan_stays_in_its_sample(program, x):
    y = program(x)
    x[0] = np.nan
    np.testing.assert_array_equal(program(x)[1], y[1])
