"""What the rows of the layer explorer are drawn from: plain values that the browser puts together.

`components/compare.js` draws them: pictures of one photo move together, and a place that is chosen in one is
marked in all.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crr.colours import colour_table
from crr.explanation import ExplainedLayer, Fused, Map
from crr.types import Image
from workbench.colours import copying_table
from workbench.comparison_drawing import PHOTO
from workbench.drawing import ONE, base64_of
from workbench.layers import Spot, discrepancy_map
from workbench.normality import Basis, Measure, Reference
from workbench.pictures import Picture

Drawing = dict[str, Any]

SAW, SHOWN, ANSWERED, APART, COPIES = (
    "encoder saw", "shown to the decoder", "decoder answered", "discrepancy", "identity index",
)  # fmt: skip
_RARE = 0.999
_SMALL = 128  # pixels: a picture of patches, each of which is a square
_USUAL = 1001  # values of normal patches that the browser gets, so that it can say 99.9 %


def highest(layer: ExplainedLayer, index: int, measure: Measure, reference: Reference | None) -> float:
    """The discrepancy that has the last colour: the model's own ends at 1; twice what is rare among normals.

    Never this image's own maximum, or a good part would light up; unless there is no normal to compare with.
    """
    if measure == "model":
        return 1.0
    values = (
        discrepancy_map(layer, measure)
        if reference is None
        else reference.layers[index].discrepancies(measure)
    )
    rare = float(np.quantile(values, _RARE)) * (1 if reference is None else 2)
    return max(rare, 1e-3)


def draw_layer(
    layer: ExplainedLayer,
    index: int,
    picture: Picture,
    basis: Basis,
    measure: Measure,
    reference: Reference | None,
    spot: Spot | None,
    pick: str,
    copied: Map | None = None,
) -> Drawing:
    """A layer's row: what the encoder saw, what the decoder answered, and how far they are apart.

    Args:
        layer: What is shown.
        index: Its number.
        picture: Of what the network sees of the photo.
        basis: Colours of its features.
        measure: Of the discrepancy.
        reference: What is usual, if that is known.
        spot: What the visitor chose.
        pick: "point" or "area": what a drag chooses.
        copied: float (h, w), the index of each patch where a damage shows and NaN elsewhere, if known.
    """
    values = discrepancy_map(layer, measure)
    one = _thousandths_of(values)
    top = highest(layer, index, measure, reference)
    maps = [
        _colours(SAW if layer.shown is layer.encoder else SHOWN, basis.colours(layer.shown)),
        _colours(ANSWERED, basis.colours(layer.decoder)),
        _levels(APART, values, one, top, colour_table(transparent=False))
        | (
            {}
            if reference is None
            else {"usual": _usual(reference.layers[index].discrepancies(measure), one)}
        ),
    ]
    if copied is not None:
        maps.append(_levels(COPIES, _marked(copied), ONE, 1.0, copying_table()))
    panels = [{"title": item["name"], "lines": [], "layers": [item["name"]]} for item in maps]
    if copied is not None:
        panels[-1]["layers"] = [PHOTO, COPIES]
    return _drawing(picture, panels, maps, spot, pick, one)


def draw_sum(fused: Fused, picture: Picture, lines: Sequence[str], spot: Spot | None, pick: str) -> Drawing:
    """The end of the column: the fused distances, the segmentation network's map, and their sum.

    Args:
        fused: What is shown.
        picture: Of what the network sees of the photo.
        lines: Below each of the maps.
        spot: What the visitor chose.
        pick: "point" or "area".
    """
    maps = [
        ("distances, fused", fused.distance),
        ("segmentation", fused.segmentation),
        ("final map", fused.anomaly_map),
    ]
    there = [
        (name, levels, line) for (name, levels), line in zip(maps, lines, strict=True) if levels is not None
    ]
    return _drawing(
        picture,
        [{"title": name, "lines": [line], "layers": [name]} for name, _, line in there],
        [
            _levels(name, levels, ONE, 1.0, colour_table(transparent=False), crisp=False)
            for name, levels, _ in there
        ],
        spot,
        pick,
        ONE,
    )


def draw_pictures(
    pictures: Sequence[tuple[str, Image | None, str]],
    picture: Picture,
    spot: Spot | None = None,
    pick: str = "",
) -> Drawing:
    """Pictures beside each other, each with its title and a line; None stands for the photo itself.

    Without `pick` no place can be chosen in them.
    """
    maps = [
        _colours(title, image, crisp=max(image.shape[:2]) < _SMALL)
        for title, image, _ in pictures
        if image is not None
    ]
    panels = [
        {"title": title, "lines": [line] if line else [], "layers": [PHOTO if image is None else title]}
        for title, image, line in pictures
    ]
    return _drawing(picture, panels, maps, spot, pick, ONE)


def _drawing(
    picture: Picture,
    panels: Sequence[Drawing],
    maps: Sequence[Drawing],
    spot: Spot | None,
    pick: str,
    one: float,
) -> Drawing:
    """As `workbench.comparison_drawing._drawing`, and what can be chosen and is chosen: `pick` and `spot`."""
    return {
        "digest": picture.digest,
        "size": list(picture.size),
        "photo": picture.uri,
        "one": one,
        "maps": list(maps),
        "panels": list(panels),
        "outlines": [],
        "pick": pick,
        "spot": None if spot is None else spot.place(picture.size),
        "foot": False,
    }


def _colours(name: str, image: NDArray[np.uint8], crisp: bool = True) -> Drawing:
    return {
        "name": name,
        "grid": list(image.shape[:2]),
        "rgb": base64_of(image),
        "opacity": 1.0,
        "crisp": crisp,
    }


def _levels(
    name: str, values: Map, one: float, top: float, colours: NDArray[np.uint8], crisp: bool = True
) -> Drawing:
    return {
        "name": name,
        "grid": list(values.shape),
        "levels": base64_of(np.round(one * np.clip(values, 0, 60000 / one)).astype("<u2")),
        "top": one * top,
        "opacity": 1.0,
        "colours": base64_of(colours),
        "crisp": crisp,
    }


def _usual(values: Map, one: float) -> str:
    """Evenly chosen ones of ascending values."""
    chosen = values[np.linspace(0, len(values) - 1, _USUAL).round().astype(int)]
    return base64_of(np.round(one * np.clip(chosen, 0, 60000 / one)).astype("<u2"))


def _thousandths_of(values: Map) -> float:
    """The level 1 as the browser gets it, in whole numbers up to 65535; finer where values are small."""
    peak = float(values.max())
    return ONE if peak > 1 else 20 * ONE


def _marked(index: Map) -> Map:
    """Index values in [0.02, 1], so that what is repaired shows too, and 0 where no damage shows."""
    return np.asarray(np.where(np.isnan(index), 0, np.clip(index, 0.02, 1)), dtype=np.float32)
