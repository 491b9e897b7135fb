"""One image's whole explanation to keep: a page that needs nothing but itself, and the arrays behind it."""

import base64
import io
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.data.images import encode_png
from crr.identity.index import Origin
from crr.inference.explanation import Map
from crr.types import Image
from crr.visualization.colormap import colour
from workbench.basics.palettes import DEFECT, rgb
from workbench.components.answer import answer_html
from workbench.explanation.drawing import ANSWERED, APART, SAW, SHOWN, highest
from workbench.explanation.explorer import LayerExplanation
from workbench.explanation.feature_pictures import ILLUSTRATION
from workbench.explanation.location import Location
from workbench.explanation.patch_reading import among_normal_patches, contributions, discrepancy_map, look_at
from workbench.explanation.patch_thumbnails import neighbours_html
from workbench.explanation.plots import patches_figure, shares_figure
from workbench.inspection.verdict import percent_copied
from workbench.reference.discrepancy import DiscrepancyChoice

ARRAYS = {
    "description": "str: this list, as JSON",
    "layers": "str (layers,): their names",
    "encoder_N": "float32 (h, w, C): what the encoder saw in layer N, from 0",
    "shown_N": "float32 (h, w, C): what of it the decoder was shown; only where some was hidden",
    "decoder_N": "float32 (h, w, C): what the decoder answered, in the encoder's unit of length",
    "distance_N": "float32 (h, w): how far apart they are as the model counts it; 0.5 is rare on normals",
    "index_N": "float32 (h, w): identity index, NaN where no damage shows; only where one is outlined",
    "layer_maps": "float32 (layers, map, map): the distances enlarged and smoothed, as they are summed",
    "segmentation": "float32 (map, map): the segmentation network's map; only if there is one",
    "anomaly_map": "float32 (map, map): the final map as calibrated",
    "distance_weight": "float: weight of the mean of layer_maps; segmentation has the rest",
    "score, threshold": "float: of the image, as calibrated",
    "painted_encoder, painted_decoder": "uint8 (crop, crop, 3): as pictures; only with an inversion network",
    "photo": "uint8 (H, W, 3): what the network saw, at most 1280 pixels on a side",
}
"""Names of the arrays of `as_arrays` to what they hold."""

_DAMAGE: dict[Origin, str] = {
    "painted": "the painted damage",
    "marked": "the marked defect, estimated with normal patches in the place of the part before it",
    "test": "a test damage",
}
_STYLE = (Path(__file__).parents[1] / "components" / "frontend" / "style.css").read_text(encoding="utf-8")
_MARGIN = {"l": 50, "r": 10, "t": 10, "b": 45}
_PAGE_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
body { color: #212529; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.neighbours figcaption { padding-right: 6px; }
.row { display: grid; grid-template-columns: 11fr 9fr; gap: 1.5rem; }
.pictures { display: flex; gap: 10px; } .pictures figure { margin: 0; flex: 1; }
.pictures img { width: 100%; object-fit: fill; border-radius: 4px; }
.crisp img { image-rendering: pixelated; }
figcaption, .note { font-size: 0.85rem; color: #495057; }
@media (max-width: 700px) { .row { grid-template-columns: 1fr; } }
"""


def as_arrays(found: LayerExplanation, painted: Sequence[Image] | None) -> bytes:
    """An `.npz` file of one model's explanation; `ARRAYS` says what is in it."""
    explanation = found.explanation
    arrays: dict[str, NDArray[np.generic]] = {
        "description": np.array(json.dumps(ARRAYS, indent=1)),
        "layers": np.array([layer.layer.name for layer in explanation.layers]),
        "layer_maps": explanation.terms.layers,
        "anomaly_map": explanation.terms.fused().anomaly_map,
        "distance_weight": np.array(explanation.terms.settings.distance_weight),
        "score": np.array(explanation.inspection.score),
        "threshold": np.array(explanation.inspection.threshold),
        "photo": found.image,
    }
    for number, layer in enumerate(explanation.layers):
        arrays |= {
            f"encoder_{number}": layer.encoder,
            f"decoder_{number}": layer.decoder,
            f"distance_{number}": layer.distance,
        }
        if layer.shown is not layer.encoder:
            arrays[f"shown_{number}"] = layer.shown
        if found.copied is not None and found.copied.maps is not None:
            arrays[f"index_{number}"] = found.copied.maps[number]
    if explanation.terms.segmentation is not None:
        arrays["segmentation"] = explanation.terms.segmentation
    if painted is not None:
        arrays |= {"painted_encoder": painted[0], "painted_decoder": painted[1]}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def as_html(
    explanations: Sequence[LayerExplanation],
    painted: Sequence[Sequence[Image] | None],
    name: str,
    size: tuple[int, int],
    credit: str,
    discrepancy_choice: DiscrepancyChoice,
    location: Location,
) -> str:
    """A page that shows the explanation without a network or a server.

    Args:
        explanations: What each model says of the photo.
        painted: For each what the encoder saw and what the decoder answered as pictures, or None.
        name: Name of the photo.
        size: Height and width of the photo in pixels.
        credit: Where it comes from; empty for a visitor's own.
        discrepancy_choice: How the discrepancy is measured.
        location: The place of the photo that is looked at.
    """
    parts = [
        _model(found, pictures, discrepancy_choice, location, first=number == 0)
        for number, (found, pictures) in enumerate(zip(explanations, painted, strict=True))
    ]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(name)}, layer by layer</title><style>{_STYLE}{_PAGE_STYLE}</style></head><body>
<h1>{escape(name)}, layer by layer</h1>
<p class="note">Made with the CRR Workbench. The place looked at: {location.as_link(size)} (x, y), marked
in the photo. Features are shown as colours: equal features have equal colours, left and right. The
discrepancy runs from dark (as usual) to bright (very unusual); histograms, on a logarithmic scale, have
normal patches as a grey line and this photo as bars. A known damage is outlined in white.
{escape(credit)}</p>
{"".join(parts)}
</body></html>
"""


def _model(
    found: LayerExplanation,
    painted: Sequence[Image] | None,
    discrepancy_choice: DiscrepancyChoice,
    location: Location,
    first: bool,
) -> str:
    explanation, local = found.explanation, location.within(found.explanation.view)
    inspection = explanation.inspection
    fused = explanation.terms.fused()
    weights = f"with the calibrated weights{_masking(found)}"
    parts = [
        f'<h2>{escape(found.name)} <small class="note">{escape(inspection.revision)}</small></h2>'
        + answer_html(inspection.verdict, inspection.score, inspection.threshold, [weights])
    ]
    parts += [
        _layer(found, number, discrepancy_choice, local, with_script=first and number == 0)
        for number in range(len(explanation.layers))
    ]
    names = [layer.layer.name for layer in explanation.layers]
    maps = [("photo", _marked(found, local)), ("distances, fused", _heat(fused.distance, 1.0))]
    if fused.segmentation is not None:
        names.append("segmentation")
        maps.append(("segmentation", _heat(fused.segmentation, 1.0)))
    maps.append(("final map", _heat(fused.anomaly_map, 1.0)))
    values = contributions(
        explanation, local, [1.0] * len(explanation.layers), explanation.terms.settings.distance_weight
    )
    figure = (
        shares_figure(names, values)
        .update_layout(margin=_MARGIN, height=230)
        .to_html(full_html=False, include_plotlyjs=False)
    )
    parts.append(
        f'<h2>The sum</h2><div class="row">{_pictures(maps, found.image, crisp=False)}'
        f"<div>{figure}</div></div>"
    )
    if painted is not None:
        rows = [("photo", found.image), ("encoder's features", painted[0]), ("decoder's answer", painted[1])]
        parts.append(f"<h2>Picture of the answer</h2>{_pictures(rows, found.image, crisp=False)}")
        parts.append(f'<p class="note">{escape(ILLUSTRATION)}</p>')
    return "".join(parts)


def _layer(
    found: LayerExplanation,
    number: int,
    discrepancy_choice: DiscrepancyChoice,
    location: Location,
    with_script: bool,
) -> str:
    layer, reference = found.explanation.layers[number], found.normal.reference
    measure, basis = discrepancy_choice.of(layer.layer.channels), found.bases[number]
    values, top = discrepancy_map(layer, measure), highest(layer, number, measure, reference)
    at = look_at(found.explanation, number, location, measure, found.normal)
    rows = [
        (SAW if layer.shown is layer.encoder else SHOWN, basis.colours(layer.shown)),
        (ANSWERED, basis.colours(layer.decoder)),
        (APART, _heat(values, top)),
    ]
    normal = None if reference is None else reference.layers[number].discrepancies(measure)
    figure = patches_figure(
        values, normal, at.discrepancy, top, discrepancy_choice.axis(layer.layer.channels)
    )
    beside = figure.update_layout(margin=_MARGIN, height=190).to_html(
        full_html=False, include_plotlyjs=with_script
    )
    beside += f"<p>{among_normal_patches(at, reference).replace('**', '')}</p>"
    if found.normal.memory is not None and at.seen:
        beside += neighbours_html(at, found.normal.memory, layer.layer.grid, found.image, location)
        beside += f'<p class="note">{escape(at.reading)}</p>'
    grid = layer.layer.grid
    heading = f"{escape(layer.layer.name)} · {grid[0]} × {grid[1]} patches · {layer.layer.channels} channels"
    copied = None if found.copied is None else found.copied.layers.get(layer.layer.name)
    if found.copied is not None and copied is not None:
        heading += f" · copies {percent_copied(copied):.0f} % of {_DAMAGE[found.copied.origin]}"
    pictures = _pictures(rows, found.image, crisp=True)
    return f'<h2>{heading}</h2><div class="row">{pictures}<div>{beside}</div></div>'


def _masking(found: LayerExplanation) -> str:
    hidden = found.mask
    return f", {100 * hidden.rate:.0f} % of the features hidden (draw {hidden.seed})" if hidden.rate else ""


def _pictures(rows: Sequence[tuple[str, Image]], photo: Image, crisp: bool) -> str:
    """Pictures in the proportions of the photo, of whatever grid they are."""
    shape = f"aspect-ratio: {photo.shape[1]} / {photo.shape[0]}"
    figures = "".join(
        f'<figure><img src="{_uri(image)}" style="{shape}" alt="">'
        f"<figcaption>{escape(title)}</figcaption></figure>"
        for title, image in rows
    )
    return f'<div class="pictures {"crisp" if crisp else ""}">{figures}</div>'


def _heat(values: Map, top: float) -> Image:
    return colour((values / top).astype(np.float32))


def _marked(found: LayerExplanation, location: Location) -> Image:
    """What the network sees of the photo, with the place that is looked at and the outlines of the damage."""
    height, width = found.image.shape[:2]
    marked = found.image.copy()
    for curve in found.outlines:
        shares = curve / (found.picture.size[1], found.picture.size[0])
        places = ((shares - 0.5) / found.explanation.view + 0.5) * (width, height)
        for grey, thickness in ((0, 3), (255, 1)):
            cv2.polylines(marked, [places.round().astype(np.int32)], True, (grey,) * 3, thickness)
    left, top, right, bottom = (round(side) for side in location.place((height, width)))
    reach = max(4, max(height, width) // 60)
    cv2.rectangle(marked, (left - reach, top - reach), (right + reach, bottom + reach), rgb(DEFECT), 2)
    return marked


def _uri(image: Image) -> str:
    return "data:image/png;base64," + base64.b64encode(encode_png(image)).decode()
