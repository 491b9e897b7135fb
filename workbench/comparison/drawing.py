"""What the pictures of a comparison are drawn from: plain values that the browser puts together.

As in `workbench.inspection.drawing` the browser lays maps over the photo (`frontend/panels.js`), so that zoom
and position stay, are the same in every picture, and pointing at a place reads every model there.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crr.visualization.colormap import colour_table
from workbench.basics.model_names import shown_model
from workbench.basics.palettes import difference_table
from workbench.basics.pictures import shrink
from workbench.comparison.comparison import Comparison, above_normals, copied_words, difference_map
from workbench.components.answer import told_apart
from workbench.components.drawing import (
    GREY,
    MAP_SIDE,
    ONE,
    PHOTO,
    MapDrawing,
    PanelDrawing,
    PanelsDrawing,
    base64_of,
    flat_outlines,
)
from workbench.inspection.inspector import Inspected
from workbench.inspection.verdict import why_no_verdict

Style = Literal["Over the photo", "Map alone"]
STYLES: tuple[Style, ...] = get_args(Style)
ORIGINAL = "original photo"


def draw_columns(
    comparison: Comparison, methods: dict[str, str], style: Style, one_scale: bool, opacity: float
) -> PanelsDrawing:
    """A column for each model, and before them the photo, unless it is painted on and stands beside them.

    Args:
        comparison: The photo and the models' answers.
        methods: Model name to method, for example "crr".
        style: How maps are drawn.
        one_scale: Colours of every map run from 0 to 1, else from 0 to its own maximum.
        opacity: Opacity of the maps over the photo, in [0, 1].

    Returns:
        What `show_panels` shows.
    """
    panels: list[PanelDrawing] = []
    if not comparison.painted:
        panels.append({"title": ORIGINAL, "lines": [comparison.photo.name], "layers": [PHOTO]})
    for name, answer in comparison.answers.items():
        if isinstance(answer, Inspected):
            panels.append(
                {
                    "title": shown_model(name),
                    "verdict": answer.inspection.verdict,
                    "lines": [*_lines(answer, methods[name]), *_copying(comparison, name)],
                    "layers": _layers(name, style),
                }
            )
        else:
            panels.append({"title": shown_model(name), "lines": [methods[name]], "failure": str(answer)})
    return _drawing(comparison, panels, _maps(comparison.inspected, style, one_scale, opacity))


def draw_pair(
    comparison: Comparison, pair: tuple[str, str], style: Style, one_scale: bool, opacity: float
) -> PanelsDrawing:
    """Two pictures under one slider, and where both are models, the difference of their maps.

    Args:
        comparison: The photo and the models' answers.
        pair: What stands left and right of the slider: `ORIGINAL`, or a model that answered.
        style: How maps are drawn.
        one_scale: Colours of both maps run from 0 to 1, else from 0 to its own maximum; differences always
            run from -1 to 1.
        opacity: Opacity of the maps over the photo, in [0, 1].

    Returns:
        What `show_panels` shows.
    """
    left, right = pair
    panels: list[PanelDrawing] = [
        {
            "title": f"{shown_model(left)} | {shown_model(right)}",
            "lines": [],
            "layers": _layers(left, style),
            "right": _layers(right, style),
        }
    ]
    inspected = {name: found for name, found in comparison.inspected.items() if name in pair}
    maps = _maps(inspected, style, one_scale, opacity)
    if len(inspected) == 2:
        difference = f"{shown_model(left)} minus {shown_model(right)}"
        levels = difference_map(inspected[left].inspection, inspected[right].inspection)
        panels.append({"title": difference, "lines": [], "layers": [GREY, difference]})
        drawn = _map(difference, levels, ONE, 1.0, base64_of(difference_table()), kind="<i2")
        maps.append({**drawn, "signed": True})
    return _drawing(comparison, panels, maps)


def _drawing(comparison: Comparison, panels: list[PanelDrawing], maps: list[MapDrawing]) -> PanelsDrawing:
    picture = next(iter(comparison.inspected.values())).picture
    return {
        "digest": picture.digest,
        "size": list(picture.size),
        "photo": picture.uri,
        "one": ONE,
        "maps": maps,
        "panels": panels,
        "outlines": flat_outlines(comparison.outlines),
    }


def _lines(inspected: Inspected, method: str) -> list[str]:
    found = inspected.inspection
    limit = "score {}, limit {}".format(*told_apart(found.score, found.threshold))
    unknown = [] if found.known and found.seen else [why_no_verdict(found)]
    milliseconds = sum(found.milliseconds.values())
    return [limit, above_normals(found), *unknown, f"{method}, {milliseconds:.0f} ms"]


def _copying(comparison: Comparison, name: str) -> list[str]:
    """How much the model copied, and how well it met the visitor's own damage."""
    hit, lines = comparison.hits.get(name), copied_words(comparison, name)
    if hit is not None and hit.contrast is not None:
        lines.append(f"contrast {hit.contrast:.1f}")
    if hit is not None and hit.iou is not None:
        lines.append(f"IoU {hit.iou:.2f}")
    return lines


def _layers(name: str, style: Style) -> list[str]:
    if name == ORIGINAL:
        return [PHOTO]
    return [name] if style == "Map alone" else [PHOTO, name]


def _maps(answers: dict[str, Inspected], style: Style, one_scale: bool, opacity: float) -> list[MapDrawing]:
    over = style != "Map alone"
    colours = base64_of(colour_table(transparent=over))
    maps = []
    for name, inspected in answers.items():
        levels = inspected.inspection.anomaly_map
        top = ONE if one_scale else max(1, round(ONE * float(levels.max())))
        maps.append(_map(name, levels, top, opacity if over else 1.0, colours))
    return maps


def _map(
    name: str, levels: NDArray[np.float32], top: int, opacity: float, colours: str, kind: str = "<u2"
) -> MapDrawing:
    """Levels in thousandths over the whole photo, as `kind`, int16 or uint16."""
    small = shrink(levels, MAP_SIDE)
    return {
        "name": name,
        "label": shown_model(name),
        "grid": list(small.shape),
        "opacity": opacity,
        "levels": base64_of(np.round(ONE * np.clip(small, -30, 30)).astype(kind)),
        "top": top,
        "colours": colours,
    }
