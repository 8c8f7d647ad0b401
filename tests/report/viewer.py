"""Pages in a headless browser, and what they say and ask for."""

from pathlib import Path
from typing import Any


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
