"""One report that most tests look at, and a headless browser to look at it with."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networks
import onnx
import pytest
from viewer import Viewer

from plumline import report

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


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
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Any) -> Iterator[Viewer]:
    """Open pages; none may have said anything or asked for anything else by the end of the test."""
    viewer = Viewer(browser)
    yield viewer
    viewer.close()
    assert viewer.troubles == []
