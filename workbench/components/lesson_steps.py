"""The pictures of the lesson, a function a step: one control, one live picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from crr.explanation import Hidden
from crr.types import Image
from workbench.classroom import LADDER, Classroom, features_picture, heat, moved_picture
from workbench.colours import gradient
from workbench.comparison import sample_photo
from workbench.components.canvas import show_canvas
from workbench.components.compare import show_panels
from workbench.components.exploring_spot import NO_PAINTER
from workbench.damage import Damaged, Filling, paint
from workbench.explored import Shown, shown_as_it_is
from workbench.inversions import ILLUSTRATION
from workbench.layer_drawing import draw_pictures
from workbench.layer_plots import ladder_figure, masking_figure
from workbench.pictures import DISPLAY_SIDE, picture_of, shrink
from workbench.samples import Sample, samples_of_other_kinds
from workbench.strokes import Painting

_PLAIN, _MASKED, _REPAIR, _CRR = LADDER
_RATES = (0.0, 0.2, 0.4, 0.6, 0.8)
_PICTURE = "picture"
_MOST = 12  # damages to choose from


@dataclass(frozen=True)
class Desk:
    """What a step needs.

    Attributes:
        classroom: Asks the models.
        samples: All, by name.
        sample: The part of the lesson.
        number: Of the damage.
    """

    classroom: Classroom
    samples: Mapping[str, Sample]
    sample: Sample
    number: int

    @property
    def whole(self) -> Shown:
        """The part as it came."""
        return shown_as_it_is(sample_photo(self.sample))

    @property
    def damaged(self) -> Shown:
        """The part with its damage."""
        donors = [sample.path for sample in samples_of_other_kinds(self.samples, self.sample.name)]
        return self.classroom.damage(self.sample, self.number, donors)

    def show(self, shown: Shown, pictures: Sequence[tuple[str, Image | None, str]], key: str) -> None:
        """Pictures beside each other; None is the photo of `shown`."""
        picture = picture_of(shown.image, shown.digest)
        # Two are no larger than three, so that the question below stays in sight.
        place = st.columns([2, 1])[0] if len(pictures) == 2 else st.container()
        with place:
            show_panels(draw_pictures(pictures, picture), key)


PART, DAMAGE = "lesson_part", "lesson_damage"
_PAINTING = "lesson_painting"


def choose_part(desk: Desk) -> None:
    """Step 1: which part."""
    good = [name for name, sample in desk.samples.items() if not sample.defective]
    st.pills(
        "Part",
        good,
        key=PART,
        format_func=lambda name: desk.samples[name].title.partition(":")[0],
        required=True,
        help="The part of the whole lesson.",
    )
    seen = desk.classroom.look(desk.whole, _CRR, paint=False)
    inspection = seen.found.explanation.inspection
    levels = heat(seen.found.explanation.terms.fused().anomaly_map)
    words = f"score {inspection.score:.2f}, limit {inspection.threshold:.2f}: {inspection.verdict}"
    desk.show(desk.whole, [("good part", None, ""), ("what CRR says", levels, words)], "lesson-normal")
    _legend("as usual", "very unusual")


def choose_damage(desk: Desk) -> None:
    """Step 2: which damage."""
    st.slider(
        "Damage number", 1, _MOST, key=DAMAGE, help="Another number, another damage. It stays for all steps."
    )
    shown = desk.damaged
    assert shown.clean is not None
    assert shown.mask is not None
    marked = shown.image.copy()
    marked[~shown.mask] = marked[~shown.mask] // 3
    share = f"{100 * shown.mask.mean():.1f} % of the picture"
    pictures = [
        ("before", small(shown.clean), ""),
        ("damaged", None, ""),
        ("what we did", small(marked), share),
    ]
    desk.show(shown, pictures, "lesson-damage")


def see_features(desk: Desk) -> None:
    """Step 3: layer by layer, what the encoder sees of both."""
    damaged = desk.classroom.look(desk.damaged, _PLAIN, paint=False).found
    clean = desk.classroom.look(desk.whole, _PLAIN, paint=False).found
    names = [layer.layer.name for layer in damaged.explanation.layers]
    name = st.select_slider(
        "Layer",
        names,
        key="lesson_layer",
        help="From fine patches on the left to coarse ones on the right.",
    )
    layer = names.index(name)
    grid = damaged.explanation.layers[layer].layer.grid
    pictures = [
        ("good part", features_picture(clean, layer, "saw"), f"{grid[0]} × {grid[1]} patches"),
        ("damaged part", features_picture(damaged, layer, "saw"), ""),
        ("how far they moved", moved_picture(clean, damaged, layer), "1 - cosine, from 0 to 1"),
    ]
    desk.show(desk.damaged, pictures, "lesson-encoder")


def see_answer(desk: Desk) -> None:
    """Step 4: what a plain decoder answers."""
    shown = desk.damaged
    seen = desk.classroom.look(shown, _PLAIN)
    names = [layer.layer.name for layer in seen.found.explanation.layers]
    look = st.segmented_control(
        "Show the answer as",
        [_PICTURE, *names],
        default=_PICTURE,
        required=True,
        key="lesson_look",
        help="As a picture, painted from the features, or as the features of one layer in colours.",
    )
    if look != _PICTURE:
        layer = names.index(look)
        pictures = [
            ("damaged photo", None, ""),
            ("encoder saw", features_picture(seen.found, layer, "saw"), look),
            (
                "autoencoder answered",
                features_picture(seen.found, layer, "answered"),
                "equal colours, equal features",
            ),
        ]
    elif seen.painted is None:
        st.info(NO_PAINTER, icon=":material/format_paint:")
        return
    else:
        pictures = [
            ("damaged photo", None, ""),
            ("encoder's features", seen.painted[0], "control: the damage must show here"),
            ("autoencoder's answer", seen.painted[1], "and here?"),
        ]
    desk.show(shown, pictures, "lesson-decoder")
    _illustrated(seen.painted)


def climb_ladder(desk: Desk) -> None:
    """Step 5: answer, map and index from an autoencoder to CRR."""
    rung = st.select_slider(
        "Ladder", list(LADDER), key="lesson_rung", help="Each rung adds one idea to the one before."
    )
    shown = desk.damaged
    seen = {name: desk.classroom.look(shown, name, paint=name == rung) for name in LADDER}
    chosen = seen[rung]
    fused = chosen.found.explanation.terms.fused()
    answer = None if chosen.painted is None else chosen.painted[1]
    pictures = [
        ("damaged photo", None, ""),
        *(
            [("decoder's answer", answer, f"copies {chosen.percent} of the damage")]
            if answer is not None
            else []
        ),
        ("how much differs", heat(fused.distance), "encoder against decoder"),
    ]
    desk.show(shown, pictures, "lesson-vanishes")
    figure = ladder_figure({name: found.index for name, found in seen.items()}, rung)
    st.plotly_chart(figure, key="lesson_ladder_chart", config={"displayModeBar": False})
    _illustrated(chosen.painted)


def hide_features(desk: Desk) -> None:
    """Step 6: what is hidden from the decoder, and what it fills in."""
    percent = st.slider(
        "Hidden", 0, 80, 40, 10, format="%d %%", key="lesson_hidden", help="Share of the feature values."
    )
    shown = desk.damaged
    hidden = Hidden(percent / 100, seed=1)
    seen = desk.classroom.look(shown, _MASKED, hidden)
    layer = len(seen.found.explanation.layers) - 2
    pictures: list[tuple[str, Image | None, str]] = [
        ("damaged photo", None, ""),
        ("what the decoder is shown", features_picture(seen.found, layer, "shown"), "one layer, as colours"),
    ]
    if seen.painted is not None:
        pictures.append(("what it answers", seen.painted[1], f"copies {seen.percent} of the damage"))
    desk.show(shown, pictures, "lesson-masking")
    lines = {
        "trained with masking": desk.classroom.indices(shown, _MASKED, _RATES, seed=1),
        "plain autoencoder": desk.classroom.indices(shown, _PLAIN, _RATES, seed=1),
    }
    figure = masking_figure([100 * rate for rate in _RATES], lines, percent)
    st.plotly_chart(figure, key="lesson_masking_chart", config={"displayModeBar": False})
    _illustrated(seen.painted)


def see_repair(desk: Desk) -> None:
    """Step 7: the same damage before a decoder that reconstructs and before one that repairs."""
    trained = {"to reconstruct": _MASKED, "to repair": _REPAIR}
    choice = st.segmented_control(
        "The decoder was trained",
        list(trained),
        default="to reconstruct",
        required=True,
        key="lesson_trained",
        help="Both see masked features; only the second was shown damaged parts in training.",
    )
    shown = desk.damaged
    seen = desk.classroom.look(shown, trained[choice])
    pictures: list[tuple[str, Image | None, str]] = [("damaged photo", None, "")]
    if seen.painted is not None:
        pictures.append(("decoder's answer", seen.painted[1], f"copies {seen.percent} of the damage"))
    distance = heat(seen.found.explanation.terms.fused().distance)
    pictures.append(("how much differs", distance, "encoder against decoder"))
    desk.show(shown, pictures, "lesson-repair")
    _legend("as usual", "very unusual")
    _illustrated(seen.painted)


def weigh(desk: Desk) -> None:
    """Step 8: differences and segmentation, weighed."""
    shown = desk.damaged
    seen = desk.classroom.look(shown, _CRR, paint=False)
    terms = seen.found.explanation.terms
    weight = st.slider(
        "Weight of the differences",
        0.0,
        1.0,
        float(terms.settings.distance_weight),
        0.05,
        key="lesson_weight",
        help="The segmentation network has the rest. It starts where the calibration put it.",
    )
    fused = terms.fused(None, weight)
    inspection = seen.found.explanation.inspection
    verdict = "defective" if fused.score >= inspection.threshold else "normal"
    pictures: list[tuple[str, Image | None, str]] = [
        ("differences", heat(fused.distance), f"weight {weight:.2f}"),
        ("final map", heat(fused.anomaly_map), f"score {fused.score:.2f}: {verdict}"),
    ]
    if fused.segmentation is not None:
        pictures.insert(1, ("segmentation", heat(fused.segmentation), f"weight {1 - weight:.2f}"))
    desk.show(shown, pictures, "lesson-segmentation")
    _legend("as usual", "very unusual")


def small(image: Image) -> Image:
    """A picture that a browser can draw."""
    return shrink(image, DISPLAY_SIDE // 2)


def _legend(low: str, high: str) -> None:
    st.html(
        f'<div class="legend"><span>{low}</span><i style="background: {gradient()}"></i>'
        f"<span>{high}</span></div>"
    )


def _illustrated(painted: list[Image] | None) -> None:
    if painted is None:
        st.caption(NO_PAINTER)
    else:
        st.caption(ILLUSTRATION)


def paint_one(desk: Desk) -> None:
    """The last step: a defect of the student's own, before an autoencoder and CRR."""
    whole = desk.whole
    key = f"{_PAINTING}-{desk.sample.name}"
    if key not in st.session_state:
        st.session_state[key] = Painting()
    painting: Painting = st.session_state[key]
    nothing = np.zeros(whole.image.shape[:2], dtype=bool)
    damaged = paint(Damaged(whole.image, nothing), painting.strokes, Filling())
    canvas, answers = st.columns([5, 6], gap="medium")
    touched = bool(damaged.mask.any())
    with canvas:
        show_canvas(
            whole.file.picture,
            painting,
            key=f"lesson-canvas-{desk.sample.name}",
            description=f"{desk.sample.title}, to paint a defect on",
            result=picture_of(damaged.image, whole.digest) if touched else None,
        )
    with answers:
        if not touched:
            st.info("Paint a defect on the part: both models answer at once.", icon=":material/brush:")
            return
        shown = Classroom.damaged(whole, damaged, ("lesson-painted", desk.sample.name, painting.strokes))
        pictures: list[tuple[str, Image | None, str]] = []
        for rung, name in ((_PLAIN, "autoencoder"), (_CRR, "CRR")):
            seen = desk.classroom.look(shown, rung)
            if seen.painted is not None:
                pictures.append((f"{name}'s answer", seen.painted[1], f"copies {seen.percent} of it"))
            inspection = seen.found.explanation.inspection
            levels = heat(seen.found.explanation.terms.fused().anomaly_map)
            words = f"score {inspection.score:.2f}, limit {inspection.threshold:.2f}: {inspection.verdict}"
            pictures.append((f"{name}'s map", levels, words))
        desk.show(shown, pictures, "lesson-try")
        st.caption(ILLUSTRATION)


PICTURES: Mapping[str, Callable[[Desk], None]] = {
    "normal": choose_part,
    "damage": choose_damage,
    "encoder": see_features,
    "decoder": see_answer,
    "vanishes": climb_ladder,
    "masking": hide_features,
    "repair": see_repair,
    "segmentation": weigh,
    "try": paint_one,
}
"""Name of a step to what shows its picture."""
