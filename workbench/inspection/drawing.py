"""What the picture on the page is drawn from: plain values that the browser puts together.

The browser draws photo, map and outlines over each other (`frontend/picture.js`), so that zoom and position
stay while a slider moves. Nothing here calls a model.
"""

from typing import Literal, get_args

from crr.types import Inspection
from crr.visualization.colormap import colour_table
from workbench.basics.palettes import DEFECT
from workbench.basics.pictures import shrink
from workbench.components.drawing import MAP_SIDE, ONE, PictureDrawing, base64_of, flat_outlines, thousandths
from workbench.inspection.inspector import Inspected
from workbench.inspection.verdict import Regions, counted_regions

PictureView = Literal["Overlay", "Side by side", "Map", "Mask", "Segmentation"]
VIEWS: tuple[PictureView, ...] = get_args(PictureView)

_PANELS: dict[PictureView, list[list[str]]] = {
    "Overlay": [["photo", "map", "outline"]],
    "Side by side": [["photo"], ["photo", "map", "outline"]],
    "Map": [["map", "outline"]],
    "Mask": [["photo", "mask"]],
    "Segmentation": [["photo", "map", "outline"]],
}


def views_of(inspection: Inspection) -> tuple[PictureView, ...]:
    """The views that an inspection offers."""
    return VIEWS if inspection.segmentation is not None else VIEWS[:-1]


def draw(
    inspected: Inspected, name: str, view: PictureView, regions: Regions, opacity: float
) -> PictureDrawing:
    """The drawing of an image with what the model says about it.

    Args:
        inspected: The image and its inspection.
        name: What the image is called.
        view: What is drawn.
        regions: Where the map reaches the threshold.
        opacity: Opacity of the map over the photo, in [0, 1].
    """
    inspection, picture = inspected.inspection, inspected.picture
    label, levels = "anomaly", inspection.anomaly_map
    if view == "Segmentation" and inspection.segmentation is not None:
        label, levels = "segmentation", inspection.segmentation
    levels = shrink(levels, MAP_SIDE)
    return {
        "digest": picture.digest,
        "size": list(picture.size),
        "photo": picture.uri,
        "panels": _PANELS[view],
        "label": label,
        "grid": list(levels.shape),
        "levels": thousandths(levels),
        "one": ONE,
        "colours": base64_of(colour_table(transparent=view != "Map")),
        "opacity": 1.0 if view == "Map" else opacity,
        "outlines": flat_outlines(regions.outlines),
        "accent": DEFECT,
        "description": f"{name}, {view}: {counted_regions(regions)} outlined",
    }
