"""What the rows of the layer explorer are drawn from: plain values that the browser puts together.

`frontend/panels.js` draws them: pictures of one photo move together, and a place that is chosen in one is
marked in all. `workbench.components.drawing` says what each value means.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crr.inference.explanation import ExplainedLayer, FusedMap, Map
from crr.types import Image
from crr.visualization.colormap import colour_table
from workbench.basics.palettes import copying_table
from workbench.basics.pictures import Picture
from workbench.components.drawing import (
    ONE,
    PHOTO,
    MapDrawing,
    PanelDrawing,
    PanelsDrawing,
    base64_of,
    flat_outlines,
)
from workbench.explanation.explorer import LayerExplanation
from workbench.explanation.location import Location
from workbench.explanation.patch_reading import discrepancy_map
from workbench.reference.discrepancy import DiscrepancyKind
from workbench.reference.patches import CategoryReference

SAW, SHOWN, ANSWERED, APART, COPIES = (
    "encoder saw", "shown to the decoder", "decoder answered", "discrepancy", "identity index",
)  # fmt: skip
_RARE = 0.999
_SMALL = 128  # pixels: a picture of patches, each of which is a square
_USUAL = 1001  # values of normal patches that the browser gets, so that it can say 99.9 %
_HIGHEST_LEVEL = 60000


def highest(
    layer: ExplainedLayer, index: int, measure: DiscrepancyKind, reference: CategoryReference | None
) -> float:
    """The discrepancy that has the last colour: the model's own ends at 1; twice what is rare among normals.

    Never this image's own maximum, or a good part would light up; unless there is no normal to compare with.
    """
    if measure == "model":
        return 1.0
    if reference is None:
        return max(float(np.quantile(discrepancy_map(layer, measure), _RARE)), 1e-3)
    return max(2 * float(np.quantile(reference.layers[index].discrepancies(measure), _RARE)), 1e-3)


def draw_layer(
    found: LayerExplanation, index: int, measure: DiscrepancyKind, location: Location, pick: str
) -> PanelsDrawing:
    """A layer's row: what the encoder saw, what the decoder answered, and how far they are apart.

    Where a damage is known, also the index of each patch, over the photo.

    Args:
        found: What is shown.
        index: Number of the layer.
        measure: Measure of the discrepancy.
        location: What the visitor chose.
        pick: "point" or "area".
    """
    layer, reference, basis = found.explanation.layers[index], found.normal.reference, found.bases[index]
    values = discrepancy_map(layer, measure)
    one = _level_of_one(values)
    top = highest(layer, index, measure, reference)
    apart = _levels(APART, values, one, top, colour_table(transparent=False))
    if reference is not None:
        apart["usual"] = _usual(reference.layers[index].discrepancies(measure), one)
    maps = [
        _colours(SAW if layer.shown is layer.encoder else SHOWN, basis.colours(layer.shown)),
        _colours(ANSWERED, basis.colours(layer.decoder)),
        apart,
    ]
    panels: list[PanelDrawing] = [
        {"title": item["name"], "lines": [], "layers": [item["name"]]} for item in maps
    ]
    if found.copied is not None and found.copied.maps is not None:
        marked = _marked(found.copied.maps[index])
        maps.append({**_levels(COPIES, marked, one, 1.0, copying_table()), "blank": "no damage shows"})
        panels.append({"title": COPIES, "lines": [], "layers": [PHOTO, COPIES]})
    return _drawing(found.picture, panels, maps, found.explanation.view, location, pick, one, found.outlines)


def draw_sum(
    found: LayerExplanation, fused: FusedMap, lines: Sequence[str], location: Location, pick: str
) -> PanelsDrawing:
    """The end of the column: the fused distances, the segmentation network's map, and their sum.

    Args:
        found: What is shown.
        fused: The sum, with the weights that were chosen.
        lines: Below each of the maps.
        location: What the visitor chose.
        pick: "point" or "area".
    """
    maps = [
        ("distances, fused", fused.distance, lines[0]),
        ("segmentation", fused.segmentation, lines[1]),
        ("final map", fused.anomaly_map, lines[2]),
    ]
    there = [(name, levels, line) for name, levels, line in maps if levels is not None]
    panels: list[PanelDrawing] = [
        {"title": name, "lines": [line], "layers": [name]} for name, _, line in there
    ]
    colours = colour_table(transparent=False)
    drawn = [_levels(name, levels, ONE, 1.0, colours, crisp=False) for name, levels, _ in there]
    return _drawing(found.picture, panels, drawn, found.explanation.view, location, pick, ONE, found.outlines)


def draw_pictures(
    pictures: Sequence[tuple[str, Image | None, str]],
    picture: Picture,
    view: float = 1.0,
    location: Location | None = None,
    pick: str = "",
    outlines: Sequence[NDArray[np.float64]] = (),
) -> PanelsDrawing:
    """The drawing of pictures beside each other.

    Args:
        pictures: Title, picture and a line of each; None stands for the photo itself.
        picture: Picture of the photo.
        view: Share of the photo, around its centre, that the pictures show.
        location: What the visitor chose.
        pick: "point" or "area"; without it no place can be chosen.
        outlines: (N, 2) each, x and y in pixels of `picture`, drawn over all.
    """
    maps = [
        _colours(title, image, crisp=max(image.shape[:2]) < _SMALL)
        for title, image, _ in pictures
        if image is not None
    ]
    panels: list[PanelDrawing] = [
        {"title": title, "lines": [line] if line else [], "layers": [PHOTO if image is None else title]}
        for title, image, line in pictures
    ]
    return _drawing(picture, panels, maps, view, location, pick, ONE, outlines)


def _drawing(
    picture: Picture,
    panels: list[PanelDrawing],
    maps: list[MapDrawing],
    view: float,
    location: Location | None,
    pick: str,
    one: float,
    outlines: Sequence[NDArray[np.float64]],
) -> PanelsDrawing:
    margin = (1 - view) / 2
    photographed = any(PHOTO in panel.get("layers", ()) for panel in panels)
    return {
        "digest": picture.digest,
        "size": list(picture.size),
        "photo": picture.uri if photographed else "",
        "one": one,
        "maps": [{**item, "area": [margin, margin, 1 - margin, 1 - margin]} for item in maps],
        "panels": panels,
        "outlines": flat_outlines(outlines),
        "pick": pick,
        "spot": None if location is None else location.place(picture.size),
        "foot": False,
    }


def _colours(name: str, image: NDArray[np.uint8], crisp: bool = True) -> MapDrawing:
    return {
        "name": name,
        "grid": list(image.shape[:2]),
        "rgb": base64_of(image),
        "opacity": 1.0,
        "crisp": crisp,
    }


def _levels(
    name: str, values: Map, one: float, top: float, colours: NDArray[np.uint8], crisp: bool = True
) -> MapDrawing:
    return {
        "name": name,
        "grid": list(values.shape),
        "levels": base64_of(_whole(values, one)),
        "top": one * top,
        "opacity": 1.0,
        "colours": base64_of(colours),
        "crisp": crisp,
    }


def _usual(values: Map, one: float) -> str:
    """Some of ascending values, evenly chosen."""
    return base64_of(_whole(values[np.linspace(0, len(values) - 1, _USUAL).round().astype(int)], one))


def _whole(values: Map, one: float) -> NDArray[np.uint16]:
    return np.round(one * np.clip(values, 0, _HIGHEST_LEVEL / one)).astype("<u2")


def _level_of_one(values: Map) -> float:
    """What 1 is as the browser gets it, in whole numbers up to 65535; finer where values are small."""
    return ONE if float(values.max()) > 1 else 20 * ONE


def _marked(index: Map) -> Map:
    """Index values in [0.02, 1], so that what is repaired shows too, and 0 where no damage shows."""
    return np.asarray(np.where(np.isnan(index), 0, np.clip(index, 0.02, 1)), dtype=np.float32)
