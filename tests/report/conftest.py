"""One report that most tests look at, and a headless browser to look at it with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networks
import onnx
import pytest
import viewer
from viewer import Viewer

from plumline import report


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "small.onnx"
    onnx.save(networks.make(networks.weights()), path)
    return path


@pytest.fixture(scope="session")
def written(network: Path) -> report.Report:
    return report.write(network, network.with_suffix(".html"), seconds=0.05)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with viewer.browser() as started:
        yield started


@pytest.fixture
def show(browser: Any) -> Iterator[Viewer]:
    """Open pages; none may have said anything or asked for anything else by the end of the test."""
    opened = Viewer(browser)
    yield opened
    opened.close()
    assert opened.troubles == []
