"""A comparison as a figure for a paper: photo, heat-maps, scores, one scale, and who was asked."""

import io
from collections.abc import Sequence
from textwrap import fill
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.types import Image
from crr.visualization.colormap import colour, overlay
from workbench.basics.model_names import shown_model
from workbench.basics.pictures import shrink
from workbench.comparison.comparison import Comparison, copied_words
from workbench.components.answer import told_apart
from workbench.inspection.inspector import Inspected

if TYPE_CHECKING:  # it takes half a second to load, and only who saves a figure waits for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Kind = Literal["png", "svg", "pdf"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MIME: dict[Kind, str] = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}

_DOTS = 300  # an inch
_COLUMN = 2.2  # inches
_SIDE = 900  # pixels of the longest side of a picture
_LINE = 0.17  # inches of a line of text
_SMALL, _LARGE = 7, 9  # points
_SIGNS = 17  # of small text an inch of the figure's width takes
_WORDS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "crr",
}  # text stays text

_TIGHT: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.05}
_drawing = Lock()  # Matplotlib has its settings once for all

_NO_DATE: dict[str, dict[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def comparison_figure(
    comparison: Comparison, image: Image, opacity: float, caption: Sequence[str], kind: Kind
) -> bytes:
    """The figure as a file; the same comparison makes the same file.

    Args:
        comparison: The photo and the models' answers.
        image: uint8 (H, W, 3), what the models were asked about.
        opacity: Opacity of the maps over the photo, in [0, 1].
        caption: Sentences below the pictures, such as where the photo comes from.
        kind: "png" with 300 dots an inch, or "svg" or "pdf", in which text is text.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    photo = shrink(image, _SIDE)
    answers = comparison.inspected
    width = _COLUMN * (1 + len(answers))
    words = fill(" ".join([*caption, _asked(answers)]), max(40, round(_SIGNS * width)))
    height = _COLUMN * photo.shape[0] / photo.shape[1] + _LINE * (5 + words.count("\n") + 1)
    with _drawing, mpl.rc_context(_WORDS):
        figure = Figure(figsize=(width, height), dpi=_DOTS, layout="constrained")
        grid = figure.subplots(1, 1 + len(answers), squeeze=False)[0]
        _show(grid[0], photo, comparison.photo.name, [], comparison)
        for axes, (name, answer) in zip(grid[1:], answers.items(), strict=True):
            picture = overlay(photo, _map(answer, photo), opacity)
            _show(axes, picture, shown_model(name), _lines(comparison, name, answer), comparison)
        _show_scale(figure, grid[1:])
        figure.supxlabel(words, fontsize=_SMALL, ha="left", x=0.01, parse_math=False)
        content = io.BytesIO()
        figure.savefig(content, format=kind, metadata=_NO_DATE.get(kind), **_TIGHT)
    return content.getvalue()


def _map(answer: Inspected, photo: Image) -> NDArray[np.float32]:
    size = (photo.shape[1], photo.shape[0])
    levels = cv2.resize(answer.inspection.anomaly_map, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(levels, dtype=np.float32)


def _show(axes: "Axes", picture: Image, title: str, lines: Sequence[str], comparison: Comparison) -> None:
    axes.imshow(picture)
    height, width = picture.shape[:2]
    if comparison.outlines:
        tall, wide = next(iter(comparison.inspected.values())).picture.size
        for outline in comparison.outlines:
            closed = np.vstack([outline, outline[:1]])
            axes.plot(closed[:, 0] * width / wide, closed[:, 1] * height / tall, color="white", lw=0.8)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_title(title, fontsize=_LARGE, parse_math=False)
    axes.set_xlabel("\n".join(lines), fontsize=_SMALL, parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])


def _lines(comparison: Comparison, name: str, answer: Inspected) -> list[str]:
    inspection = answer.inspection
    score, limit = told_apart(inspection.score, inspection.threshold)
    return [f"{inspection.verdict}: score {score}, limit {limit}", *copied_words(comparison, name)]


def _show_scale(figure: "Figure", columns: Sequence["Axes"]) -> None:
    """One scale of colours for all maps, as everywhere: from 0 to 1."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap

    table = colour(np.linspace(0, 1, 256, dtype=np.float32)[None])[0] / 255
    scale = figure.colorbar(ScalarMappable(cmap=ListedColormap(table)), ax=list(columns), fraction=0.03)
    scale.set_label("anomaly", fontsize=_SMALL)
    scale.ax.tick_params(labelsize=_SMALL)


def _asked(answers: dict[str, Inspected]) -> str:
    """Who was asked, with the fingerprints by which a model can be found again."""
    named = ", ".join(
        f"{shown_model(name)} ({name}, {answer.inspection.revision})" for name, answer in answers.items()
    )
    return f"Models: {named}."
