"""What running a program loads: numpy and the native module, nothing of compiler or PyTorch."""

import subprocess
import sys

import pytest

UNWANTED = {
    "plumline": ["numpy", "torch", "onnx"],
    "plumline.runtime": ["torch", "onnx", "plumline.compiler", "plumline.models"],
    "plumline.compiler": ["torch", "onnxruntime", "plumline.models"],
}


@pytest.mark.parametrize("module", UNWANTED)
def test_importing_loads_nothing_else(module):
    script = f"import sys, {module}; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert not set(done.stdout.split()).intersection(UNWANTED[module])


def test_a_saved_program_runs_without_onnx_and_torch(artifact, tmp_path):
    artifact.write(tmp_path / "net.plum")
    script = """
import sys
sys.modules["torch"] = sys.modules["onnx"] = None  # importing them fails
import numpy, plumline
program = plumline.load(sys.argv[1])
print(program(numpy.ones((1, 3, 6, 6), numpy.float32)).shape)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "net.plum")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 5)"
