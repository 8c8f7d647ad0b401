"""What importing loads, and that a program runs where PyTorch cannot be imported at all."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

HEAVY = (
    *("torch", "onnx", "onnxruntime", "openvino", "sklearn", "scipy", "lightning_fabric"),
    "matplotlib",
)

BLOCK_TORCH = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def python(code: str, *blocked: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter in which the blocked packages do not exist."""
    code = BLOCK_TORCH.format(blocked=set(blocked) or "()") + code
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("plumline", set()),
        ("plumline.runtime", set()),
        ("plumline.data", set()),
        ("plumline.bench", set()),
        ("plumline.analysis", set()),
        ("plumline.report", set()),
        ("plumline.reproduce", set()),
        ("plumline.cli", set()),
        ("plumline.energy", set()),
        ("plumline.compiler", {"onnx"}),
        ("plumline.schemes", {"torch"}),
        ("plumline.models", {"torch"}),
    ],
)
def test_importing_a_room_loads_only_what_it_may(module: str, allowed: set[str]) -> None:
    code = f"import {module}; print([m for m in {HEAVY} if m in sys.modules])"
    result = python(code)
    assert result.returncode == 0, result.stderr
    assert set(eval(result.stdout)) <= allowed
    assert result.stderr == ""


def test_importing_plumline_loads_not_even_numpy() -> None:
    assert python("import plumline; print('numpy' in sys.modules)").stdout == "False\n"


def test_every_public_name_is_there() -> None:
    code = "import plumline; print([n for n in plumline.__all__ if not hasattr(plumline, n)])"
    result = python(code)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    import plumline

    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = plumline.no_such_thing


@pytest.fixture(scope="module")
def digits_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program for ``digits`` that no training made: pixels times random numbers."""
    import plumline

    weight = np.random.default_rng(0).standard_normal((10, 64), dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["input"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w"], ["output"], transB=1),
        ],
        "digits",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"plumline.dataset": "digits"})
    onnx.checker.check_model(model)
    path = tmp_path_factory.mktemp("program") / "net.plum"
    plumline.compile(model).save(path)
    return path


def test_a_program_loads_and_runs_with_numpy_alone(digits_program: Path) -> None:
    code = (
        "import numpy, plumline\n"
        f"program = plumline.load({str(digits_program)!r})\n"
        "print(program(numpy.ones((3, 1, 8, 8), numpy.float32)).shape)"
    )
    result = python(code, *HEAVY)
    assert (result.stdout, result.stderr) == ("(3, 10)\n", "")


@pytest.mark.parametrize(
    "arguments",
    [["run", "--random", "0"], ["inspect"], ["analyze"], ["eval", "--threads", "1"]],
    ids=lambda a: a[0],
)
def test_verbs_on_a_program_need_no_torch(digits_program: Path, arguments: list[str]) -> None:
    arguments = [arguments[0], str(digits_program), *arguments[1:], "--json"]
    code = f"from plumline.cli import main; raise SystemExit(main({arguments}))"
    result = python(code, "torch", "onnx", "onnxruntime", "openvino")
    assert result.returncode == 0, result.stderr
    assert isinstance(json.loads(result.stdout), dict)


def test_compiling_needs_no_torch(digits_program: Path, tmp_path: Path) -> None:
    code = "import plumline.compiler, plumline; print(plumline.compile.__name__)"
    assert python(code, "torch").stdout == "compile\n"


def test_a_missing_extra_is_told_with_the_command_that_brings_it() -> None:
    code = "from plumline.cli import main; raise SystemExit(main(['train', 'digits-quick']))"
    result = python(code, "lightning_fabric")
    assert result.returncode == 2
    assert "pip install 'plumline[train]'" in result.stderr
    assert result.stderr.count("\n") == 1
