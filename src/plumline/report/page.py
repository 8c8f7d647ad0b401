"""The page put together: one HTML file that loads nothing and runs no script but its own."""

import base64
import hashlib
import html
import json
from pathlib import Path
from string import Template
from typing import Any

ASSETS = Path(__file__).parent / "page"

SCRIPTS = (
    *("dom.js", "format.js", "selection.js", "chart.js"),
    *("summary.js", "map.js", "table.js", "tradeoff.js", "roofline.js"),
    *("bitmap.js", "patterns.js", "latent.js", "layer.js", "training.js", "report.js"),
)
"""In the order in which they use each other."""


def render(title: str, data: dict[str, Any]) -> str:
    """Return the page for ``data``, which may hold any texts: nothing in them becomes markup."""
    style = _asset("style.css")
    script = "\n".join(['"use strict";', *map(_asset, SCRIPTS)])
    return Template(_asset("page.html")).substitute(
        title=html.escape(title),
        policy=(
            f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        style=style,
        script=script,
        data=embed(data),
    )


def embed(data: dict[str, Any]) -> str:
    """Write JSON that can stand inside a ``script`` element: without ``<``, ``>`` and ``&``."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The source expression of a Content-Security-Policy that allows this text alone."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
