"""The pictures of docs/report.md: the report of a signed-binary ResNet-20, light and dark.

    python tests/report/pictures.py

Its latent weights are random; a run of `plumline train` has a page with more on it. Times are those
of this machine: nothing else should run.
"""

import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from viewer import Viewer, browser

from plumline import report
from plumline._files import replacing

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PARTS = {"light": ("header", "#tradeoff"), "dark": ("#layer", "#layer")}
"""Of the page, the first and the last that a picture shows, by the reader's setting."""
WIDTH, MARGIN = 1240, 32
COLOURS = 256
"""Of a picture's palette: pages have few, and files are a third as large."""


def main() -> None:
    """Write both pictures."""
    with tempfile.TemporaryDirectory() as temporary:
        page = make_page(Path(temporary))
        with browser() as started:
            viewer = Viewer(started)
            for scheme in PARTS:
                path = FOLDER / f"report-{scheme}.png"
                take(viewer, page, scheme, path)
                print(f"{path}: {path.stat().st_size:,} bytes")
            viewer.close()


def make_page(folder: Path) -> Path:
    """Write the report of the network."""
    import torch

    import plumline
    from plumline import models

    torch.manual_seed(0)
    network = models.create("resnet20", num_classes=10)
    plumline.convert_(network, plumline.SignedBinary(), keep="plum")
    path = folder / "resnet20-signed-binary.onnx"
    plumline.export_onnx(network.eval(), torch.zeros(1, 3, 32, 32), path)
    return Path(report.write(path, folder / "report.html").path)


def take(viewer: Viewer, page: str | Path, scheme: str, path: Path) -> None:
    """Write parts of a page, as a reader in a light or dark setting sees them, as a PNG."""
    shown: Any = viewer(page, width=WIDTH, scheme=scheme)
    first, last = (shown.locator(part).bounding_box() for part in PARTS[scheme])
    top = first["y"] - MARGIN
    clip = {"x": 0, "y": top, "width": WIDTH, "height": last["y"] + last["height"] + MARGIN - top}
    with replacing(path) as temporary:
        shown.screenshot(path=temporary, type="png", clip=clip, full_page=True)
        # The other method of Pillow for this leaves out colours of few pixels, as marks are.
        picture = Image.open(temporary).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
        picture.save(temporary, format="PNG", optimize=True)


if __name__ == "__main__":
    main()
