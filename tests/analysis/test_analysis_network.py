"""What `analyze` finds in modules, ONNX files, programs and run folders."""

import json
import math
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from analysis_layers import conv_layer
from onnx import TensorProto, helper, numpy_helper
from torch import nn

import plumline
from plumline.analysis import Layer, Network, Operations, analyze, read_network
from plumline.analysis.execution import parse
from plumline.analysis.symbols import region_channels
from plumline.errors import InputError

SCHEMES = {
    "signed-binary": plumline.SignedBinary(),
    "binary": plumline.Binary(),
    "ternary": plumline.Ternary(),
}


def model(scheme: str, seed: int = 0) -> nn.Module:
    """Convolutions with BatchNorm whose factors have either sign, groups, strides; a classifier."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(8, 12, 3, padding=1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.Conv2d(12, 16, 3, stride=2, groups=2),
        nn.Flatten(),
        nn.Linear(16 * 9, 5),
    )
    with torch.no_grad():
        net[1].weight.uniform_(0.5, 2)
        net[1].running_var.uniform_(0.5, 2)
    if scheme != "float":
        plumline.convert_(net, SCHEMES[scheme], keep=["5"])
    return net.eval()


def export(net: nn.Module, path: Path) -> Path:
    plumline.export_onnx(net, torch.zeros(1, 8, 8, 8), path)
    return path


@pytest.fixture(scope="module", params=SCHEMES)
def sources(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """One network as a module, an ONNX file, a program and a ``.plum`` file."""
    net = model(request.param)
    path = export(net, tmp_path_factory.mktemp("net") / "net.onnx")
    program = plumline.compile(str(path))
    program.save(path.with_suffix(".plum"))
    return {
        **{"scheme": request.param, "model": net, "onnx": path},
        **{"program": program, "plum": path.with_suffix(".plum")},
    }


def test_a_network_is_the_same_in_every_form(sources: dict) -> None:
    module = analyze(sources["model"], input_shape=(8, 8, 8))
    for form in ("onnx", "program", "plum"):
        found = analyze(sources[form])
        assert len(found.layers) == len(module.layers) == 3
        for ours, theirs in zip(found.layers, module.layers, strict=True):
            for fact in ("weight_shape", "input_size", "output_size", "scheme", "effectual"):
                assert getattr(ours, fact) == getattr(theirs, fact)
            for fact in ("distinct_filters", "distinct_slices", "distinct_channel_groups"):
                assert getattr(ours, fact) == getattr(theirs, fact)
            assert ours.entropy_bits == pytest.approx(theirs.entropy_bits)
            assert ours.packed_bytes == theirs.packed_bytes
            assert ours.kernel
            # A BatchNorm that is folded in costs a factor a filter, and no additions.
            for label in ("sparse", "ucnn:group=2", "tables:group=4"):
                a, b = ours.operations[label], theirs.operations[label]
                assert (a and a.additions) == (b and b.additions)
        json.dumps(found.to_dict())


def test_facts_of_a_module(sources: dict) -> None:
    net, scheme = sources["model"], sources["scheme"]
    found = analyze(net, input_shape=(8, 8, 8))
    first, second, last = found.layers
    assert [layer.name for layer in found.layers] == ["0", "3", "5"]
    assert [layer.scheme for layer in found.layers] == [scheme, scheme, "float"]
    assert (first.weight_shape, first.output_size) == ((12, 8, 3, 3), (12, 8, 8))
    assert (second.weight_shape, second.groups, second.strides) == ((16, 6, 3, 3), 2, (2, 2))
    assert (last.op, last.weight_shape, last.output_size) == ("linear", (5, 144), (5,))
    for layer, module in zip(found.layers, (net[0], net[3], net[5]), strict=True):
        weight = module.weight.detach().numpy()
        assert layer.effectual == np.count_nonzero(weight)
        assert layer.distinct_filters == len(np.unique(weight.reshape(len(weight), -1), axis=0))
        slices = weight.reshape(layer.slices, -1)
        assert layer.distinct_slices == len(np.unique(slices, axis=0))
    weight = net[3].weight.detach().numpy()  # 6 channels: runs of 4 and 2
    runs = {w[c : c + 4].tobytes() for f in weight for w in f.reshape(6, 9).T for c in (0, 4)}
    assert second.distinct_channel_groups == len(runs)
    assert first.dense_macs == 12 * 8 * 9 * 64
    assert found.total.dense_macs == plumline.models.counting.count_macs(net, (1, 8, 8, 8))
    assert found.quantized.layers == 2
    assert found.quantized.parameters == first.parameters + second.parameters


def test_packed_bytes_are_those_of_the_artifact(sources: dict) -> None:
    steps = [step for step in sources["program"].plan() if step.weights]
    found = analyze(sources["program"])
    assert [layer.packed_bytes for layer in found.layers] == [step.weight_bytes for step in steps]
    assert [layer.dense_macs for layer in found.layers] == [s.dense_operations for s in steps]


def test_weights_of_a_program_are_those_that_were_folded(sources: dict) -> None:
    net = sources["model"]
    factor = net[1].weight / torch.sqrt(net[1].running_var + net[1].eps)
    folded = (net[0].weight * factor[:, None, None, None]).detach().numpy()
    for form in ("onnx", "plum"):
        first, _, last = read_network(sources[form]).layers
        np.testing.assert_allclose(first.weight, folded, rtol=1e-6)
        np.testing.assert_array_equal(last.weight, net[5].weight.detach().numpy())


def test_entropy_is_that_of_the_values_of_a_filter() -> None:
    weight = np.zeros((2, 16), np.float32)
    weight[0, :8], weight[1, :4] = 3, -1
    layer = Layer("x", "linear", weight, 1, (16,), (2,), (), (), (), "planes", 0)
    (found,) = analyze(Network("x", "model", (layer,))).layers
    quarter = -(0.25 * math.log2(0.25) + 0.75 * math.log2(0.75))
    assert found.entropy_bits == pytest.approx((1 + quarter) / 2)
    assert found.density == 12 / 32


@pytest.mark.parametrize(("channels", "expected"), [(None, 8), (4, 4), (2, 2)])
def test_regions_are_seen_in_the_weights(channels: int | None, expected: int) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(8, 32, 3))
    plumline.convert_(net, plumline.SignedBinary(region_channels=channels))
    (layer,) = analyze(net, input_shape=(8, 5, 5)).layers
    assert (layer.scheme, layer.region_channels) == ("signed-binary", expected)


def test_ternary_weights_have_no_regions() -> None:
    assert region_channels(conv_layer("ternary", 4)) is None


def test_plan_of_weights_that_repeat_is_less_than_their_number(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(64, 64, 3, padding=1))
    plumline.convert_(net, plumline.SignedBinary())
    plumline.export_onnx(net, torch.zeros(1, 64, 14, 14), tmp_path / "net.onnx")
    program = plumline.compile(str(tmp_path / "net.onnx"))
    (layer,) = analyze(program, operations=["plan", "sparse", "dense"]).layers
    assert layer.kernel.partition("/")[0] in {"merge", "shared_tables", "tables"}
    plan, sparse = layer.operations["plan"], layer.operations["sparse"]
    assert plan
    assert sparse
    assert 1.5 * plan.additions < sparse.additions < layer.dense_operations.total / 2


@pytest.mark.parametrize("support", [True, False])
def test_plan_counts_a_summerge_kernel_where_it_was_asked_for(sources: dict, support: bool) -> None:
    program = plumline.compile(
        str(sources["onnx"]), kernels="summerge", tile=5, sparsity_support=support
    )
    label = f"summerge:tile=5:sparsity={'on' if support else 'off'}"
    first, *_ = analyze(program, operations=["plan", label]).layers
    assert first.kernel.startswith("summerge/")
    assert first.operations["plan"] == first.operations[label]


def test_layers_that_a_model_does_not_serve_count_as_dense_in_sums() -> None:
    found = analyze(model("ternary"), input_shape=(8, 8, 8), operations=["ucnn:group=3"])
    label = "ucnn:group=3"
    counts = [layer.operations[label] for layer in found.layers]
    assert counts[2] is None
    served = [count for count in counts if count]
    expected = sum([*served, found.layers[2].dense_operations], Operations())
    assert found.total.operations[label] == expected
    assert found.models == (label,)
    assert {row["model"] for row in found.rows()} == {label}


def test_open_sizes_are_taken_from_shapes(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).choice([0, 1], (6, 4, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])],
        "open",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4, "H", "W"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 6, "H", "W"])],
        [numpy_helper.from_array(weight, "w")],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(proto, tmp_path / "open.onnx")
    plumline.compile(proto).save(tmp_path / "open.plum")
    for source in (proto, tmp_path / "open.onnx", tmp_path / "open.plum"):
        with pytest.raises(InputError, match="leaves sizes open"):
            analyze(source)
        (layer,) = analyze(source, shapes={"x": (1, 4, 10, 12)}).layers
        assert layer.output_size == (6, 10, 12)
        assert layer.dense_macs == weight.size * 120
    with pytest.raises(InputError, match="unknown input 'z'"):
        analyze(tmp_path / "open.plum", shapes={"z": (1,)})


def test_quantized_layers_are_analysed_too(tmp_path: Path) -> None:
    path = export(model("signed-binary"), tmp_path / "net.onnx")
    inputs = np.random.default_rng(0).standard_normal((4, 8, 8, 8)).astype(np.float32)
    np.save(tmp_path / "x.npy", inputs)
    from plumline.cli import main

    integers = str(tmp_path / "q.onnx")
    assert (
        main(["quantize", str(path), "--calibrate", str(tmp_path / "x.npy"), "-o", integers]) == 0
    )
    for ours, theirs in zip(analyze(integers).layers, analyze(path).layers, strict=True):
        assert ours.weight_shape == theirs.weight_shape
        if theirs.quantized:
            assert (ours.scheme, ours.effectual) == (theirs.scheme, theirs.effectual)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (model("float"), {"operations": ["summerge"]}, "no quantized layer"),
        (model("float"), {"operations": ["plen"]}, "did you mean 'plan'"),
        (model("float"), {"operations": ["ucnn:grup=2"]}, "did you mean 'group'"),
        (model("float"), {"operations": ["ucnn:group=99"]}, "whole number from 1 to"),
        (model("float"), {"operations": ["summerge:tile=4:sparsity=3"]}, "on or off"),
        (model("float"), {"operations": ["tables:group"]}, "group=VALUE"),
        (model("float"), {"input_shape": (3, 8, 8)}, "cannot read an input of the shape"),
        (nn.Conv2d(1, 8, 3), {"input_shape": (28, 28)}, "shape of one sample with its channels"),
        (nn.Bilinear(3, 3, 1), {}, "cannot read an input of the shape"),
        (model("float"), {"input_shape": None}, "needs the shape of one sample"),
        (model("float"), {"channel_group": 0}, "channel_group is 0"),
        (nn.ReLU(), {}, "no convolution and no linear layer"),
        ("net.txt", {"input_shape": None}, "neither a run folder"),
        (7, {}, "cannot analyse a int"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_a_mistake_is_one_line(source: object, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        analyze(source, **{"input_shape": (8, 8, 8), **options})
    assert "\n" not in str(error.value)


def test_a_nan_weight_names_the_layer() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3))
    with torch.no_grad():
        net[0].weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(InputError, match=r"'0\.weight' is NaN or infinite in 1 of "):
        analyze(net, input_shape=(3, 8, 8))


def test_a_nan_latent_weight_is_refused_although_its_filter_looks_sound(tmp_path: Path) -> None:
    net = model("signed-binary")
    with torch.no_grad():
        net[3].parametrizations["weight"].original[0, 0, 0, 0] = float("nan")
    assert bool(net[3].weight.isfinite().all())
    message = r"'3\.parametrizations\.weight\.original' is NaN or infinite in 1 of "
    with pytest.raises(InputError, match=message):
        analyze(net, input_shape=(8, 8, 8))
    with pytest.raises(InputError, match=message):
        export(net, tmp_path / "net.onnx")
    with torch.no_grad():
        net = model("binary")
        net[1].running_var[0] = float("nan")
    with pytest.raises(InputError, match=r"'1\.running_var' is NaN"):
        analyze(net, input_shape=(8, 8, 8))


def test_a_layer_that_runs_twice_costs_twice(tmp_path: Path) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(8, 8, 3, padding=1)
    net = nn.Sequential(conv, nn.ReLU(), conv).eval()
    found, exported = analyze(net, input_shape=(8, 8, 8)), analyze(export(net, tmp_path / "n.onnx"))
    assert [layer.name for layer in found.layers] == ["0", "0#2"]
    assert found.total.dense_macs == exported.total.dense_macs == 2 * 8 * 8 * 9 * 64
    assert found.total.parameters == exported.total.parameters


@pytest.mark.parametrize("values", [(-0.7, 0.0, 1.3), (0.0, 0.4, 1.1)])
def test_repetition_does_not_depend_on_a_factor_of_the_filter(values: tuple[float, ...]) -> None:
    random = np.random.default_rng(0)
    weight = random.choice(values, (32, 16, 3, 3)).astype(np.float32)
    factor = random.uniform(0.1, 3, (32, 1, 1, 1)).astype(np.float32)
    window = ((1, 1), (1, 1), (1, 1, 1, 1), "planes", 0)
    layers = [
        Layer("layer", "conv", w, 1, (16, 8, 8), (32, 8, 8), *window)
        for w in (weight, weight * factor)
    ]
    before, after = (analyze(Network("net", "model", (layer,))).layers[0] for layer in layers)
    for fact in ("distinct_filters", "distinct_slices", "distinct_channel_groups"):
        assert getattr(before, fact) == getattr(after, fact)
    assert before.distinct_channel_groups <= 3**4


def test_all_models_that_serve_a_float_network_are_counted() -> None:
    found = analyze(model("float"), input_shape=(8, 8, 8), operations=["all"])
    assert set(found.models) >= {"dense", "sparse", "plan"}
    assert not any(label.startswith("summerge") for label in found.models)


def test_an_empty_run_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        analyze(tmp_path)


def test_labels_are_read_back() -> None:
    models = parse(["dense", "summerge", "ucnn", "tables:group=6", "plan", "summerge:tile=8"])
    assert parse([model.label for model in models]) == models
    assert len(models) == 9


class OneAxis(nn.Linear):
    """The rows of all samples on one axis, as attention has them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.reshape(-1, 6)).reshape(-1, 7, 5)


class InFront(nn.Linear):
    """Another axis than that of the samples in front."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(0, 1)).transpose(0, 1)


@pytest.mark.parametrize("kind", [nn.Linear, OneAxis, InFront])
def test_every_row_of_a_sample_counts_wherever_its_axis_is(kind: type, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "net.onnx"
    plumline.export_onnx(kind(6, 5).eval(), torch.zeros(2, 7, 6), path)
    eight = plumline.compile(path, shapes={"input": (8, 7, 6)})
    networks = [read_network(path), read_network(eight)]
    networks.append(read_network(kind(6, 5), input_shape=(7, 6)))
    for network in networks:
        (layer,) = network.layers
        assert (layer.positions, layer.input_size, layer.output_size) == (7, (7, 6), (7, 5))


def test_a_program_that_cannot_run_one_sample_asks_for_a_shape(tmp_path: Path) -> None:
    class Pairs(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.reshape(-1, 12))

    path = tmp_path / "net.onnx"
    names = {"input_names": ["x"], "output_names": ["y"]}
    sizes = ({0: 2 * torch.export.Dim("pairs")},)
    torch.onnx.export(
        Pairs(12, 5).eval(), (torch.zeros(4, 6),), path, dynamic_shapes=sizes, **names
    )
    program = plumline.compile(path)
    with pytest.raises(InputError, match=r"cannot run one sample: .* --shape x="):
        read_network(program)
    (layer,) = read_network(program, shapes={"x": (4, 6)}).layers
    assert layer.filters == 5
