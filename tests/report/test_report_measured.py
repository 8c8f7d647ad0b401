"""What is measured, of one sample: steps, bytes, roofs; and what is refused, in one line."""

from pathlib import Path

import networks
import numpy as np
import onnx
import pytest
from networks import layers_of

import plumline
from plumline import report
from plumline.cli import main
from plumline.errors import InputError
from plumline.report import Report, conditions, roofs, steps
from plumline.runtime import native

STEP_FACTS = ("output", "elements", "moved", "reads", "op")


def test_a_batch_is_reported_for_one_sample(tmp_path: Path) -> None:
    reports = []
    for batch in (1, 8):
        text = networks.TEXT.replace("float[N,3,12,12]", f"float[{batch},3,12,12]")
        path = tmp_path / f"batch-{batch}.onnx"
        onnx.save(networks.make(networks.weights(), text.replace("N,5", f"{batch},5")), path)
        reports.append(report.write(path, path.with_suffix(".html"), seconds=0.2))
    one, eight = reports
    for row, same in zip(one.data["steps"], eight.data["steps"], strict=True):
        assert [row[key] for key in STEP_FACTS] == [same[key] for key in STEP_FACTS]
    for layer, same in zip(layers_of(one), layers_of(eight), strict=True):
        assert layer["operations"] == same["operations"]
    assert (one.data["made"]["batch"], eight.data["made"]["batch"]) == (1, 8)
    times = [found.data["network"]["seconds"] for found in reports]
    assert 0.2 < times[1] / times[0] < 2.5
    in_steps = [sum(row["seconds"] for row in found.data["steps"]) for found in reports]
    assert 0.2 < in_steps[1] / in_steps[0] < 2.5


def test_steps_are_those_of_the_plan_and_read_what_others_made(written: Report) -> None:
    rows = written.data["steps"]
    assert [row["op"] for row in rows].count("conv") == 4
    assert rows[0]["reads"] == (-1,)
    (residual,) = [row for row in rows if len(row["reads"]) == 2]
    assert residual["title"] == networks.HOSTILE
    assert set(residual["reads"]) == {0, 1}  # relu and addition are part of the convolutions
    assert rows[0]["output"] == (1, networks.FILTERS, 12, 12)
    assert rows[0]["moved"] == 4 * (3 + networks.FILTERS) * 12 * 12
    assert residual["moved"] == 4 * 3 * networks.FILTERS * 12 * 12
    assert all(row["seconds"] > 0 for row in rows)
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_codes_move_one_byte_each(tmp_path: Path) -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    agraph (float[1,3,8,8] x) => (float[1,4,8,8] y) {
        q = QuantizeLinear (x, scale, zero) c = DequantizeLinear(q, scale, zero)
        v = DequantizeLinear(weight, scale, weight_zero)
        s = Conv <pads = [1,1,1,1]> (c, v) t = QuantizeLinear (s, scale, zero)
        y = DequantizeLinear(t, scale, zero)
    }"""
    model = onnx.parser.parse_model(text)
    kernel = np.random.default_rng(0).integers(-9, 9, (4, 3, 3, 3)).astype(np.int8)
    for name, array in (
        ("scale", np.float32(0.1)),
        ("zero", np.uint8(0)),
        ("weight", kernel),
        ("weight_zero", np.int8(0)),
    ):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), name))
    measured = steps.measure(plumline.compile(model), 0.01)
    moved = {step.node.op: step.moved for step in measured.steps}
    assert moved["quantize_linear"] == 5 * 3 * 64
    assert moved["quantized_conv"] == (3 + 4) * 64
    assert moved["dequantize_linear"] == 5 * 4 * 64


def test_caches_are_faster_than_memory_and_no_one_beats_physics() -> None:
    found = roofs.measure(1, native.choose_isa())
    assert 1e9 < found.operations < 1e12
    bandwidths = [memory.bandwidth for memory in found.memories]
    assert all(1e8 < bandwidth < 1e13 for bandwidth in bandwidths)
    assert bandwidths[0] > bandwidths[-1]


def test_other_work_is_told_and_warned_of_where_it_took_time() -> None:
    cores = native.cores()
    assert conditions.other_work(None, 1) == {}
    assert set(conditions.other_work(0.0, 1)) == {"other_work"}
    assert "too long" in conditions.other_work(cores, 1)["warning"]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run the verb on what cannot be reported on and return the one line it says."""
    capsys.readouterr()
    assert main(["report", *map(str, arguments)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_bad_input_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], network: Path
) -> None:
    out = tmp_path / "report.html"
    (tmp_path / "run").mkdir()
    assert "checkpoint" in refusal(capsys, tmp_path / "run", "-o", out)
    assert "nothing.onnx" in refusal(capsys, tmp_path / "nothing.onnx", "-o", out)
    assert ".onnx" in refusal(capsys, __file__, "-o", out)
    assert "is read" in refusal(capsys, network, "-o", network)
    assert not out.exists()


def test_a_network_without_layers_is_refused() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    agraph (float[N,3] x) => (float[N,3] y) { y = Relu(x) }"""
    program = plumline.compile(onnx.parser.parse_model(text))
    with pytest.raises(InputError, match="no convolution and no linear layer"):
        steps.measure(program, 0.01)


def test_weights_that_are_nan_are_refused() -> None:
    arrays = networks.weights()
    arrays["both_signs"][3, 2] = np.nan
    with pytest.raises(InputError, match=r"NaN"):
        steps.measure(plumline.compile(networks.make(arrays)), 0.01)


def test_open_sizes_are_asked_for_and_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_text = networks.TEXT.replace("float[N,3,12,12]", "float[N,3,H,W]")
    path, program = tmp_path / "open.onnx", tmp_path / "open.plum"
    onnx.save(networks.make(networks.weights(), open_text), path)
    plumline.compile(path).save(program)
    with pytest.raises(InputError, match=r"--shape x=1,3,224,224$"):
        steps.measure(plumline.compile(path), 0.01)
    assert "--shape x=1,3,224,224" in refusal(capsys, program, "-o", tmp_path / "r.html")
    assert "'y'" in refusal(capsys, program, "-o", tmp_path / "r.html", "--shape", "y=1,3,12,12")
    for file in (path, program):
        found = report.write(file, tmp_path / "r.html", shapes={"x": (2, 3, 12, 9)}, seconds=0.01)
        assert found.data["steps"][0]["output"] == (1, networks.FILTERS, 12, 9)
        assert found.data["made"]["batch"] == 2
        assert layers_of(found)[0]["macs"] == networks.FILTERS * 27 * 12 * 9


def test_a_network_that_cannot_run_one_sample_asks_for_a_shape() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    agraph (float[N,6] x) => (float[M,5] y) {
        pairs = Constant <value_ints = [-1, 12]> ()
        p = Reshape (x, pairs) y = Gemm <transB = 1> (p, w)
    }"""
    kernel = np.random.default_rng(0).standard_normal((5, 12))
    program = plumline.compile(networks.make({"w": kernel}, text))
    with pytest.raises(InputError, match=r"cannot be run: .* --shape x=8,6$"):
        steps.measure(program, 0.01)
    measured = steps.measure(program, 0.01, {"x": (4, 6)})
    assert (measured.batch, measured.inputs) == (4, {"x": (4, 6)})
