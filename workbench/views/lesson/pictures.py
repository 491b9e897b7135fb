"""The pictures of the lesson, a function a step: one control, one live picture."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from crr.inference.forward import FeatureMask
from crr.types import Image
from workbench.explanation.feature_pictures import NO_PAINTER
from workbench.lesson.demonstration import LADDER, features_picture, heat, moved_picture
from workbench.lesson.plots import ladder_figure, masking_figure
from workbench.views.lesson.context import (
    DAMAGE,
    PART,
    StepContext,
    say_who_painted,
    show_legend,
    small,
    verdict_of,
)
from workbench.views.lesson.painting import paint_one

_PLAIN, _MASKED, _REPAIR, _CRR = LADDER
_RATES = (0.0, 0.2, 0.4, 0.6, 0.8)
_PICTURE = "picture"
_MOST_DAMAGES = 12  # damages to choose from


def choose_part(context: StepContext) -> None:
    """Step 1: which part."""
    good = [name for name, sample in context.samples.items() if not sample.defective]
    st.pills(
        "Part",
        good,
        key=PART,
        format_func=lambda name: context.samples[name].title.partition(":")[0],
        required=True,
        help="The part of the whole lesson.",
    )
    seen = context.demonstration.ask(context.whole, _CRR, paint=False)
    levels = heat(seen.found.explanation.terms.fused().anomaly_map)
    words = verdict_of(seen.found.explanation.inspection)
    context.show(context.whole, [("good part", None, ""), ("what CRR says", levels, words)], "lesson-normal")
    show_legend()


def choose_damage(context: StepContext) -> None:
    """Step 2: which damage."""
    st.slider(
        "Damage number",
        1,
        _MOST_DAMAGES,
        key=DAMAGE,
        help="Another number, another damage. It stays for all steps.",
    )
    study = context.damaged
    assert study.clean is not None
    assert study.mask is not None
    marked = study.image.copy()
    marked[~study.mask] = marked[~study.mask] // 3
    share = f"{100 * study.mask.mean():.1f} % of the picture"
    pictures = [
        ("before", small(study.clean), ""),
        ("damaged", None, ""),
        ("what we did", small(marked), share),
    ]
    context.show(study, pictures, "lesson-damage")


def see_features(context: StepContext) -> None:
    """Step 3: layer by layer, what the encoder sees of both."""
    damaged = context.demonstration.ask(context.damaged, _PLAIN, paint=False).found
    clean = context.demonstration.ask(context.whole, _PLAIN, paint=False).found
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
    context.show(context.damaged, pictures, "lesson-encoder")


def see_answer(context: StepContext) -> None:
    """Step 4: what a plain decoder answers."""
    study = context.damaged
    seen = context.demonstration.ask(study, _PLAIN)
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
                "equal features, equal colours",
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
    context.show(study, pictures, "lesson-decoder")
    if look == _PICTURE:
        say_who_painted(seen.painted)


def climb_ladder(context: StepContext) -> None:
    """Step 5: answer, map and index from an autoencoder to CRR."""
    rung = st.select_slider(
        "Ladder", list(LADDER), key="lesson_rung", help="Each rung adds to the one before."
    )
    study = context.damaged
    seen = {name: context.demonstration.ask(study, name, paint=name == rung) for name in LADDER}
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
        ("map", heat(fused.anomaly_map), verdict_of(chosen.found.explanation.inspection)),
    ]
    context.show(study, pictures, "lesson-vanishes")
    show_legend()
    figure = ladder_figure({name: found.index for name, found in seen.items()}, rung)
    st.plotly_chart(figure, key="lesson_ladder_chart", config={"displayModeBar": False})
    say_who_painted(chosen.painted)


def hide_features(context: StepContext) -> None:
    """Step 6: what is hidden from the decoder, and what it fills in."""
    percent = st.slider(
        "Hidden", 0, 80, 40, 10, format="%d %%", key="lesson_hidden", help="Share of the feature values."
    )
    study = context.damaged
    mask = FeatureMask(percent / 100, seed=1)
    seen = context.demonstration.ask(study, _MASKED, mask)
    layer = len(seen.found.explanation.layers) - 2
    pictures: list[tuple[str, Image | None, str]] = [
        ("damaged photo", None, ""),
        ("what the decoder is shown", features_picture(seen.found, layer, "shown"), "one layer, as colours"),
    ]
    if seen.painted is not None:
        pictures.append(("what it answers", seen.painted[1], f"copies {seen.percent} of the damage"))
    context.show(study, pictures, "lesson-masking")
    lines = {
        "trained with masking": context.demonstration.indices(study, _MASKED, _RATES, seed=1),
        "plain autoencoder": context.demonstration.indices(study, _PLAIN, _RATES, seed=1),
    }
    figure = masking_figure([100 * rate for rate in _RATES], lines, percent)
    st.plotly_chart(figure, key="lesson_masking_chart", config={"displayModeBar": False})
    say_who_painted(seen.painted)


def see_repair(context: StepContext) -> None:
    """Step 7: the same damage before a decoder that reconstructs and before one that repairs."""
    trained = {"to reconstruct, with masking": _MASKED, "to repair as well": _REPAIR}
    choice = st.segmented_control(
        "The decoder was trained",
        list(trained),
        default="to reconstruct, with masking",
        required=True,
        key="lesson_trained",
        help="Both had features hidden in training; only the second was shown damaged parts there.",
    )
    study = context.damaged
    seen = context.demonstration.ask(study, trained[choice])
    pictures: list[tuple[str, Image | None, str]] = [("damaged photo", None, "")]
    if seen.painted is not None:
        pictures.append(("decoder's answer", seen.painted[1], f"copies {seen.percent} of the damage"))
    distance = heat(seen.found.explanation.terms.fused().distance)
    pictures.append(("how much differs", distance, "encoder against decoder"))
    context.show(study, pictures, "lesson-repair")
    show_legend()
    say_who_painted(seen.painted)


def weigh(context: StepContext) -> None:
    """Step 8: differences and segmentation, weighed."""
    study = context.damaged
    seen = context.demonstration.ask(study, _CRR, paint=False)
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
    verdict = replace(inspection, score=fused.score).verdict_at(inspection.threshold)
    pictures: list[tuple[str, Image | None, str]] = [
        ("differences", heat(fused.distance), f"weight {weight:.2f}"),
        (
            "final map",
            heat(fused.anomaly_map),
            f"score {fused.score:.2f}, limit {inspection.threshold:.2f}: {verdict}",
        ),
    ]
    if fused.segmentation is not None:
        pictures.insert(1, ("segmentation", heat(fused.segmentation), f"weight {1 - weight:.2f}"))
    context.show(study, pictures, "lesson-segmentation")
    show_legend()


PICTURES: Mapping[str, Callable[[StepContext], None]] = {
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
