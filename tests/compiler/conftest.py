"""The engines that programs are tested on: numpy's specification of each op, and the native one."""

import numpy_interpreter
import pytest

from plumline.runtime import native


@pytest.fixture(params=["numpy", "native"])
def engine(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(native, "module", lambda: numpy_interpreter)
    return request.param


@pytest.fixture
def on_numpy(monkeypatch):
    monkeypatch.setattr(native, "module", lambda: numpy_interpreter)
