"""Pages in a headless browser, and what they say and ask for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@contextmanager
def browser() -> Iterator[Any]:
    """Start the Chromium that is installed; `leave_out` where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        leave_out("playwright is not installed: pip install 'plumline[dev]'")
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        leave_out("there is no Chromium: apt-get install chromium fonts-dejavu-core")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield started
        started.close()


def leave_out(reason: str) -> NoReturn:
    """Skip a test of the page; where the variable CI is set it fails, as no one reads of skips."""
    if os.environ.get("CI"):
        pytest.fail(f"the page cannot be tested, and CI is set: {reason}", pytrace=False)
    pytest.skip(f"the page is not tested: {reason}")


class Viewer:
    """Opens page files; ``troubles`` has all that was logged, and addresses asked for besides."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.troubles: list[str] = []

    def __call__(self, path: str | Path, *, width: int = 1280, scheme: str = "light") -> Any:
        viewport = {"width": width, "height": 800}
        context = self._browser.new_context(viewport=viewport, color_scheme=scheme)
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        url = Path(path).resolve().as_uri()
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: self._note(request.url, url))
        page.goto(url)
        page.wait_for_selector("#roofline svg")
        return page

    def _note(self, asked: str, page: str) -> None:
        if asked != page:
            self.troubles.append(asked)

    def close(self) -> None:
        for context in self._contexts:
            context.close()
