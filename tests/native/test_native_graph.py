"""Programs as a whole: what is refused, what is planned, and that no result is lost too early."""

import os
import threading

import numpy as np
import pytest
from native_support import ISAS, THREADS, run, single

from plumline.runtime import _native


def relu(name, source, target):
    return ("relu", name, [source], [target], {}, {})


def graph(values, inputs, outputs, nodes, constants=None, isa="reference", threads=1):
    return _native.Graph(values, inputs, outputs, constants or {}, nodes, isa, threads)


@pytest.mark.parametrize(
    ("values", "inputs", "outputs", "constants", "nodes", "text"),
    [
        (2, [(0, [1])], [1], {}, [], "an output uses value 1 before"),
        (2, [(0, [1])], [2], {}, [], "names value 2 of a program of 2"),
        (2, [(0, [1])], [-1], {}, [], "names value -1"),
        (2, [(0, [1]), (0, [1])], [0], {}, [], "an input makes value 0 a second time"),
        (2, [(0, [1])], [0], {0: 1.0}, [], "a constant makes value 0 a second time"),
        (2, [(0, [1])], [0], {}, [relu("a", 0, 0)], "makes value 0 a second time"),
        (3, [(0, [1])], [2], {}, [relu("a", 1, 2), relu("b", 2, 1)], "uses value 1 before"),
        (2, [(0, [1])], [1], {}, [("nothing", "a", [0], [1], {}, {})], "unknown operator"),
        (2, [(0, [1])], [1], {}, [("relu", "a", [0], [], {}, {})], "has no output"),
        (2, [(0, [-2])], [0], {}, [], "negative size"),
        (2, [(0, [1] * 9)], [0], {}, [], "9 axes: at most 8"),
        (2, [(0, [2**40])], [0], {}, [], "too large"),
        (-1, [], [], {}, [], "a program of -1 values"),
        (2**40, [], [], {}, [], "values: at most"),
        ("x", [], [], {}, [], "the number of values has the wrong type: str"),
        (2, [0], [], {}, [], "an input must be a list, not int"),
        (2, [(0, [1])], [1], {}, [("relu", "a", [0], [1], {})], "a node must have 6 elements"),
        (2, [(0, [1])], [1], {}, [("relu", "a", [0], [1], {"x": None}, {})], "attribute 'x'"),
        (2, [(0, [1])], [1], {}, [("relu", "a", [0], [1], {1: 2}, {})], "name of an attribute"),
        (2, [(0, [1])], [2**31], {}, [], "value number has the wrong type"),
    ],
)
def test_what_is_no_program_is_refused(values, inputs, outputs, constants, nodes, text):
    arrays = {value: np.float32([number]) for value, number in constants.items()}
    with pytest.raises(_native.NativeError, match=text):
        graph(values, inputs, outputs, nodes, arrays)


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.float16])
def test_constants_are_float32(dtype):
    with pytest.raises(_native.NativeError, match="float32"):
        graph(1, [], [0], [], {0: np.zeros(2, dtype)})


@pytest.mark.parametrize(("isa", "threads"), [("mmx", 1), ("reference", 0), ("reference", 100_000)])
def test_unknown_instruction_sets_and_numbers_of_threads_are_refused(isa, threads):
    with pytest.raises(_native.NativeError, match=r"mmx|threads must be 1 to 256"):
        graph(1, [(0, [1])], [0], [], isa=isa, threads=threads)


def test_native_errors_are_value_errors():
    assert issubclass(_native.NativeError, ValueError)


@pytest.mark.parametrize(
    ("given", "made", "text"),
    [
        ([], 1, "takes 1 inputs, not 0"),
        ([np.zeros((2, 3), np.float64)], 1, r"inputs\[0\] must be a C-contiguous float32 array"),
        ([np.zeros((3, 2), np.float32).T], 1, "C-contiguous"),
        ([[1.0, 2.0]], 1, "C-contiguous"),
        ([np.zeros((2, 4), np.float32)], 1, r"has shape \(2,4\), not \(-1,3\)"),
        ([np.zeros((2, 3), np.float32)], 0, "makes 1 outputs, not 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(given, made, text):
    program = graph(2, [(0, [-1, 3])], [1], [relu("a", 0, 1)])
    with pytest.raises(_native.NativeError, match=text):
        program.run(given, [np.empty((2, 3), np.float32)] * made)


def test_output_arrays_that_do_not_fit_are_refused():
    program = graph(2, [(0, [-1, 3])], [1], [relu("a", 0, 1)])
    x = np.zeros((2, 3), np.float32)
    frozen = np.zeros((2, 3), np.float32)
    frozen.flags.writeable = False
    for bad, text in [
        (np.zeros((3, 3), np.float32), r"output 0 has shape \(3,3\), not \(2,3\)"),
        (frozen, "writable"),
        (x, "overlap"),
    ]:
        with pytest.raises(_native.NativeError, match=text):
            program.run([x], [bad])


def test_an_array_that_is_not_aligned_is_refused():
    bytes_ = np.zeros(6 * 4 + 1, np.uint8)
    program = graph(2, [(0, [-1, 3])], [1], [relu("a", 0, 1)])
    with pytest.raises(_native.NativeError, match=r"aligned|C-contiguous"):
        program.run([bytes_[1:].view(np.float32).reshape(2, 3)], [np.empty((2, 3), np.float32)])


@pytest.mark.parametrize("isa", ISAS)
def test_a_new_shape_makes_a_new_plan(isa):
    program = graph(3, [(0, [-1, 3])], [2], [relu("a", 0, 1), relu("b", 1, 2)], isa=isa)
    assert program.arena_bytes == 0
    sizes = []
    for n in (1, 100, 2, 100):
        x = np.random.default_rng(n).standard_normal((n, 3), dtype=np.float32)
        np.testing.assert_array_equal(run(program, [x])[0], np.maximum(x, 0))
        sizes.append(program.arena_bytes)
    assert sizes[1] == sizes[3] > sizes[0]


def test_run_plans_by_itself():
    program = graph(2, [(0, [-1, 3])], [1], [relu("a", 0, 1)])
    y = np.empty((2, 3), np.float32)
    program.run([np.full((2, 3), -1, np.float32)], [y])
    assert not y.any()


def test_outputs_may_be_inputs_constants_views_and_the_same_twice():
    view = ("reshape", "v", [2], [3], {"shape": [3, 2], "allow_zero": 0}, {})
    again = ("flatten", "w", [0], [4], {"axis": 0}, {})
    constant = np.arange(4, dtype=np.float32)
    program = graph(
        5, [(0, [2, 3])], [0, 1, 2, 3, 4, 2], [relu("a", 0, 2), view, again], {1: constant}
    )
    x = np.arange(-3, 3, dtype=np.float32).reshape(2, 3)
    y = np.maximum(x, 0)
    expected = [x, constant, y, y.reshape(3, 2), x.reshape(1, 6), y]
    for made, wanted in zip(run(program, [x]), expected, strict=True):
        np.testing.assert_array_equal(made, wanted)


def test_memory_is_used_again():
    n = 50
    nodes = [relu(str(i), i, i + 1) for i in range(n)]
    program = graph(n + 1, [(0, [1000])], [n], nodes)
    program.infer([(1000,)])
    assert program.arena_bytes <= 2 * 4096  # of a chain, two results live at a time


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("threads", THREADS)
def test_no_result_is_overwritten_while_it_is_needed(seed, threads):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((4, 30), dtype=np.float32)
    values, nodes = [x], []
    for i in range(60):
        sources = rng.integers(0, len(values), 2).tolist()
        a, b = (values[s] for s in sources)
        kind = rng.integers(4)
        target = len(values)
        if kind == 0:
            nodes.append(("add", str(i), sources, [target], {}, {}))
            values.append((a.reshape(-1) + b.reshape(-1)).reshape(a.shape))
            if a.shape != b.shape:  # numpy's rules would refuse: bring b to a's shape first
                nodes.pop()
                shape = {"shape": list(a.shape), "allow_zero": 0}
                nodes.append(("reshape", f"{i}r", [sources[1]], [target], shape, {}))
                values[-1] = b.reshape(a.shape)
        elif kind == 1:
            nodes.append(relu(str(i), sources[0], target))
            values.append(np.maximum(a, 0))
        elif kind == 2:
            shape = [[120], [4, 30], [2, 60], [30, 4]][rng.integers(4)]
            attributes = {"shape": shape, "allow_zero": 0}
            nodes.append(("reshape", str(i), sources[:1], [target], attributes, {}))
            values.append(a.reshape(shape))
        else:
            nodes.append(("sigmoid", str(i), sources[:1], [target], {}, {}))
            values.append(1 / (1 + np.exp(-a)))
    outputs = rng.integers(0, len(values), 6).tolist()
    program = graph(len(values), [(0, [4, 30])], outputs, nodes, threads=threads)
    for made, value in zip(run(program, [x]), outputs, strict=True):
        np.testing.assert_allclose(made, values[value], rtol=1e-5, atol=1e-6)


def test_more_memory_than_the_machine_has_is_refused_before_any_is_taken():
    pads = {"pads": [0, 2**33], "mode": "constant", "value": 0.0}
    nodes = [("pad", str(i), [0], [i + 1], pads, {}) for i in range(400)]
    program = graph(401, [(0, [1])], list(range(1, 401)), nodes)
    with pytest.raises(_native.NativeError, match=r"needs \d+\.\d GiB of memory"):
        program.infer([(1,)])


def test_profile_gives_the_seconds_of_each_node():
    x = np.zeros((64, 1024), np.float32)
    program = graph(3, [(0, [64, 1024])], [2], [relu("a", 0, 1), relu("b", 1, 2)])
    seconds = program.profile([x], 5)
    assert len(seconds) == 2
    assert all(0 < s < 1 for s in seconds)
    with pytest.raises(_native.NativeError, match="repeats must be"):
        program.profile([x], 0)


@pytest.mark.parametrize("isa", ISAS)
def test_the_number_of_threads_changes_no_bit(isa):
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s, dtype=np.float32) for s in ((300, 257), (257, 301)))
    nodes = [
        ("matmul", "m", [0, 1], [2], {}, {}),
        ("softmax", "s", [2], [3], {"axis": 0}, {}),
        ("reduce_mean", "r", [3], [4], {"axes": [0], "keepdims": 1}, {}),
        ("mul", "p", [3, 4], [5], {}, {}),
    ]
    results = []
    for threads in (1, 2, 5):
        program = graph(5 + 1, [(0, [-1, 257])], [5], nodes, {1: w}, isa, threads)
        assert program.threads == threads
        results += [run(program, [x])[0] for _ in range(10)]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("threads", THREADS)
def test_many_python_threads_may_use_one_program(threads):
    program = graph(3, [(0, [-1, 700])], [2], [relu("a", 0, 1), relu("b", 1, 2)], threads=threads)
    wrong = []

    def use(seed):
        rng = np.random.default_rng(seed)
        for _ in range(60):
            x = rng.standard_normal((int(rng.integers(1, 90)), 700), dtype=np.float32)
            y = np.empty_like(x)
            program.run([x], [y])
            if not np.array_equal(y, np.maximum(x, 0)):
                wrong.append(seed)

    users = [threading.Thread(target=use, args=(seed,)) for seed in range(6)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_can_use_the_program():
    program = single("relu", [(300, 700)], threads=3)
    x = np.full((300, 700), -1, np.float32)
    run(program, [x])
    child = os.fork()
    if child == 0:
        os._exit(int(run(program, [x])[0].any()))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_programs_come_and_go_with_their_threads():
    for _ in range(50):
        run(single("relu", [(300, 700)], threads=3), [np.zeros((300, 700), np.float32)])


def test_every_promised_operator_is_there():
    promised = """conv linear affine relu sigmoid tanh hard_swish leaky_relu hard_sigmoid clip
    add sub mul div prelu matmul max_pool average_pool reduce_mean softmax reshape flatten squeeze
    unsqueeze transpose concat split slice pad copy quantize_linear dequantize_linear quantized_conv
    quantized_linear quantized_add"""
    assert set(_native.operators()) == set(promised.split())


def test_instruction_sets_are_ordered_and_end_with_the_best():
    order = ["reference", "portable", "avx2", "avx512", "avx512_vnni", "amx"]
    assert _native.available_isas() == order[: order.index(_native.best_isa()) + 1]
