"""What the page is made from: the file, figures, packed weights and their patterns."""

import base64
import hashlib
import json
import re
from pathlib import Path

import networks
import numpy as np
import pytest
from networks import layers_of

import plumline
from plumline.analysis import analyze, read_network
from plumline.report import Report, page, weights


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


def test_figures_are_sums_over_the_layers(written: Report) -> None:
    layers = layers_of(written)
    network = written.data["network"]
    arrays = networks.weights().values()
    assert network["weights"] == sum(array.size for array in arrays)
    for key in ("macs", "dense", "planned"):
        assert network[key] == sum(layer[key] for layer in layers)


def test_density_and_bits_are_those_of_the_quantized_layers(written: Report) -> None:
    quantized = [layer for layer in layers_of(written) if layer["scheme"] != "float"]
    arrays = [networks.weights()[name] for name in ("one_sign", "both_signs", "pointwise")]
    packed = written.data["network"]["packed"]
    assert packed["what"] == "3 quantized layers"
    assert packed["effectual"] == sum(np.count_nonzero(array) for array in arrays)
    assert packed["density"] == packed["effectual"] / sum(array.size for array in arrays)
    assert packed["bits"] == pytest.approx(
        8 * sum(layer["bytes"] for layer in quantized) / packed["weights"]
    )


def test_planned_work_is_what_the_plan_executes(written: Report, network: Path) -> None:
    found = analyze(plumline.compile(network))
    for layer, facts in zip(layers_of(written), found.layers, strict=True):
        rows = {label: additions + others for label, additions, others in layer["operations"]}
        assert layer["planned"] == rows["plan"]
        assert layer["dense"] == rows["dense"] == facts.dense_operations.total


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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_graphics_stand_out_from_the_paper(theme: str) -> None:
    style = (page.ASSETS / "style.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.S)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", light if theme == "light" else dark))
    paper, zero = colours.pop("paper"), colours.pop("zero")
    surfaces = {"line", "faint"}  # rules between rows and what is pointed at: no one reads these
    for name in colours.keys() - surfaces:
        assert contrast(colours[name], paper) >= 3, name
    for name in ("plus", "minus", "edge"):
        assert contrast(colours[name], zero) >= 3, name


def contrast(one: str, other: str) -> float:
    """The contrast of two colours after WCAG 2.2, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
