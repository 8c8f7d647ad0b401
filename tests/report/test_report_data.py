"""What the page is made from: times, bits, patterns, roofs; and what is refused, in one line."""

import base64
import hashlib
import json
import re
from pathlib import Path

import networks
import numpy as np
import onnx
import pytest

import plumline
from plumline.analysis import read_network
from plumline.cli import main
from plumline.errors import InputError
from plumline.report import Report, page, report, roofs, source, steps, training, weights
from plumline.runtime import native
from plumline.training.runs import build


def embedded(path: str | Path) -> dict[str, object]:
    text = Path(path).read_text(encoding="utf-8")
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(block)


def unpack(packed: dict[str, str], shape: tuple[int, int]) -> np.ndarray:
    """Read what `weights.pack` writes, as the page does."""

    def bits(name: str, count: int, absent: int) -> np.ndarray:
        if name not in packed:
            return np.full(count, absent)
        data = np.frombuffer(base64.b64decode(packed[name]), np.uint8)
        return np.unpackbits(data, count=count, bitorder="little")

    nonzero = bits("nonzero", shape[0] * shape[1], 1).reshape(shape).astype(int)
    negative = bits("negative", shape[0] * shape[1], 0).reshape(shape)
    return nonzero * (1 - 2 * (negative | bits("negative_filters", shape[0], 0)[:, None]))


def test_the_page_holds_the_data_and_is_one_file(written: Report) -> None:
    text = Path(written.path).read_text(encoding="utf-8")
    assert embedded(written.path) == json.loads(json.dumps(written.data))
    assert written.bytes == len(text.encode())
    assert set(re.findall(r"\w+://[^\"]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<link|<img|<iframe|<object|@import|url\((?!#)", text)


def test_the_policy_allows_the_page_s_own_script_and_style_alone(written: Report) -> None:
    text = Path(written.path).read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy


def test_embedded_json_has_no_markup() -> None:
    data = {networks.HOSTILE: ["<!--", "]]>", "&lt;", "\u2028"]}
    text = page.embed(data)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == data


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


def test_figures_are_sums_over_the_layers(written: Report) -> None:
    layers = [row["layer"] for row in written.data["steps"] if "layer" in row]
    network = written.data["network"]
    arrays = networks.weights().values()
    assert network["weights"] == sum(array.size for array in arrays)
    assert network["effectual"] == sum(np.count_nonzero(array) for array in arrays)
    assert network["macs"] == sum(layer["macs"] for layer in layers)
    assert network["planned"] == sum(layer["planned"] for layer in layers)


def test_the_trade_off_is_relative_to_the_dense_operations(written: Report) -> None:
    layers = [row["layer"] for row in written.data["steps"] if "layer" in row]
    merged = [layer for layer in layers if layer["merged"] is not None]
    assert [layer["scheme"] for layer in merged] == ["signed-binary", "ternary", "signed-binary"]
    for layer in merged:
        (counts,) = [row[1:] for row in layer["operations"] if row[0] == report.MERGING]
        assert layer["merged"] == pytest.approx(sum(counts) / (2 * layer["macs"]))
    found = written.data["tradeoff"]
    density, operations = found["network"]
    assert 0 < operations < density < 1
    curves = {curve["scheme"]: curve["points"] for curve in found["curves"]}
    assert [round(density) for density, _ in curves["binary"]] == [1]
    for signed_binary, ternary in zip(curves["signed-binary"], curves["ternary"], strict=True):
        assert signed_binary[0] == pytest.approx(ternary[0], abs=0.1)
    assert curves["signed-binary"][4][1] < curves["ternary"][4][1]


@pytest.mark.parametrize("signs", [(0, 1), (-1, 1), (-1, 0, 1), (1,), (0,), "a sign a filter"])
def test_packed_weights_are_the_weights(signs: tuple[int, ...] | str) -> None:
    random = np.random.default_rng(1)
    matrix = random.choice((0, 1) if isinstance(signs, str) else signs, (7, 27)).astype(np.int8)
    if isinstance(signs, str):
        matrix[random.random(7) < 0.5] *= -1
        assert "negative" not in weights.pack(matrix)
    np.testing.assert_array_equal(unpack(weights.pack(matrix), matrix.shape), matrix)


def test_patterns_are_counted_as_by_hand(network: Path) -> None:
    for layer in read_network(plumline.compile(network)).layers:
        matrix = weights.signs(layer)
        if matrix is None:
            continue
        found = weights.patterns(layer, matrix)
        assert found is not None
        size = found["size"]
        assert size == (9 if layer.taps == 9 else 4)
        texts = ["".join("0+-"[v] for v in piece) for piece in matrix.reshape(-1, size)]
        assert found["count"] == len(texts)
        assert found["distinct"] == len(set(texts))
        assert all(texts.count(text) == count for text, count in found["top"])
        assert found["top"][0][1] == max(map(texts.count, set(texts)))
        nonzero = [size - text.count("0") for text in texts]
        assert found["nonzeros"] == [nonzero.count(k) for k in range(size + 1)]


def test_signs_are_told_for_what_has_a_pattern_alone(network: Path) -> None:
    layers = read_network(plumline.compile(network)).layers
    assert [weights.signs(layer) is None for layer in layers] == [True, False, False, False, True]
    for layer in layers[1:4]:
        np.testing.assert_array_equal(weights.signs(layer), np.sign(layer.matrix))


def test_caches_are_faster_than_memory_and_no_one_beats_physics() -> None:
    found = roofs.measure(1, native.choose_isa())
    assert 1e9 < found.operations < 1e12
    bandwidths = [memory.bandwidth for memory in found.memories]
    assert all(1e8 < bandwidth < 1e13 for bandwidth in bandwidths)
    assert bandwidths[0] > bandwidths[-1]


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


def test_other_work_is_told_and_warned_of_where_it_took_time() -> None:
    cores = native.cores()
    assert report._other_work(None, 1) == {}
    assert set(report._other_work(0.0, 1)) == {"other_work"}
    assert "too long" in report._other_work(cores, 1)["warning"]


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


def test_open_sizes_are_asked_for(tmp_path: Path, network: Path) -> None:
    open_text = networks.TEXT.replace("float[N,3,12,12]", "float[N,3,H,W]")
    path = tmp_path / "open.onnx"
    onnx.save(networks.make(networks.weights(), open_text), path)
    with pytest.raises(InputError, match=r"--shape x=1,3,H,W"):
        steps.measure(plumline.compile(path), 0.01)
    fixed = source.read(path, {"x": (1, 3, 12, 12)}, 1)
    assert steps.measure(fixed.program, 0.01).steps[0].shape == (1, networks.FILTERS, 12, 12)


def test_a_float_network_has_a_report_without_a_trade_off(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays = {k: random.standard_normal(v.shape) for k, v in networks.weights().items()}
    path = tmp_path / "float.onnx"
    onnx.save(networks.make(arrays), path)
    written = report.write(path, tmp_path / "float.html", seconds=0.01)
    assert written.data["tradeoff"] is None
    assert all(row["layer"]["packed"] is None for row in written.data["steps"] if "layer" in row)


def test_a_run_has_names_curves_and_latent_weights(tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "run.html"
    recipe = plumline.Recipe.load("digits-quick").override({"train.epochs": "1"})
    digits = plumline.data.open("digits")
    plumline.fit(build(recipe, digits), digits, recipe, out=run)
    written = report.write(run, out, seconds=0.01)
    layers = {row["title"]: row["layer"] for row in written.data["steps"] if "layer" in row}
    quantized = [name for name, layer in layers.items() if layer["scheme"] == "signed-binary"]
    names = [latent["name"] for latent in written.data["latents"]]
    assert names == ["pooled", *quantized]
    for latent in written.data["latents"][1:]:
        found = layers[latent["name"]]
        assert [frame["epoch"] for frame in latent["frames"]] == [1]
        assert sum(latent["frames"][0]["all"]) == found["weights"]
        effectual = round(found["density"] * found["weights"])
        assert sum(latent["frames"][0]["effectual"]) == effectual
    titles = [chart["title"] for chart in written.data["training"]["charts"]]
    assert titles == [chart[0] for chart in training.CHARTS]
