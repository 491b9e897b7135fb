"""Normal patches as pictures: cut-outs with the patch framed, so that its surroundings say what it is."""

from html import escape

import cv2
import numpy as np

from crr.inference.patch_memory import Neighbour, PatchMemory
from crr.types import Image
from workbench.basics.palettes import DEFECT, rgb
from workbench.basics.pictures import jpeg_uri
from workbench.explanation.location import Location
from workbench.explanation.patch_reading import LayerReading
from workbench.inspection.verdict import category_label

_SIDE = 84  # pixels of a picture, on the screen half of it or all
_SURROUNDINGS = 1 / 6  # of the picture's side; a patch of a fine layer alone shows nothing
_FRAME = rgb(DEFECT)


def cut_out(image: Image, grid: tuple[int, int], cells: tuple[slice, slice]) -> str:
    """Data URI of a place of an image with its surroundings, the patches framed.

    Args:
        image: uint8 (H, W, 3), what the network sees.
        grid: (height, width) of the layer.
        cells: Rows and columns of the patches.
    """
    height, width = image.shape[:2]
    rows, columns = cells
    top, bottom = (side * height / grid[0] for side in (rows.start, rows.stop))
    left, right = (side * width / grid[1] for side in (columns.start, columns.stop))
    reach = max(_SURROUNDINGS * max(height, width), 1.5 * (bottom - top), 1.5 * (right - left)) / 2
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    scale = _SIDE / (2 * reach)
    move = np.array([[scale, 0, _SIDE / 2 - scale * middle[0]], [0, scale, _SIDE / 2 - scale * middle[1]]])
    picture = cv2.warpAffine(
        image,
        move,
        (_SIDE, _SIDE),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(233,) * 3,
    )
    corners = [scale * (np.array(corner) - middle) + _SIDE / 2 for corner in ((left, top), (right, bottom))]
    first, last = (tuple(round(side) for side in corner) for corner in corners)
    cv2.rectangle(picture, first, last, _FRAME, 1)
    return jpeg_uri(np.asarray(picture, np.uint8), quality=85)


def neighbours_html(
    found: LayerReading, memory: PatchMemory, grid: tuple[int, int], image: Image, location: Location
) -> str:
    """The place itself, then the normal patches most like what was seen there and what was answered."""
    # As the network sees it, which squeezes photos into a square: so are the normal ones beside it.
    squeezed = cv2.resize(image, memory.images[0][1].shape[1::-1], interpolation=cv2.INTER_AREA)
    here = cut_out(np.asarray(squeezed, dtype=np.uint8), grid, location.cells(grid))
    strips = ""
    for name, neighbours in (("saw", found.seen), ("answered", found.answered)):
        pictures = "".join(_neighbour(neighbour, memory, grid) for neighbour in neighbours)
        away = f"nearest {neighbours[0].distance:.2f} away"
        strips += f'<figure><figcaption title="{away}">{name}</figcaption><div>{pictures}</div></figure>'
    words = "the place that was chosen"
    return (
        f'<div class="neighbours"><img src="{here}" alt="{words}" title="{words}"><div>{strips}</div></div>'
    )


def _neighbour(neighbour: Neighbour, memory: PatchMemory, grid: tuple[int, int]) -> str:
    category, image = memory.images[neighbour.image]
    cells = (slice(neighbour.row, neighbour.row + 1), slice(neighbour.column, neighbour.column + 1))
    words = escape(f"normal {category_label(category)}, {neighbour.distance:.2f} away")
    return f'<img src="{cut_out(image, grid, cells)}" alt="{words}" title="{words}">'
