"""The pictures of the lesson, a function a step: one control, one live picture."""

from collections.abc import Callable, Mapping

import streamlit as st

from crr.inference.forward import FeatureMask
from crr.types import Image
from workbench.explanation.feature_pictures import NO_PAINTER
from workbench.lesson.demonstration import (
    LADDER,
    ShownAnswer,
    features_picture,
    heat,
    moved_picture,
    shown_answer,
)
from workbench.lesson.plots import ladder_figure, masking_figure
from workbench.views.lesson.context import (
    DAMAGE,
    HIDDEN,
    LAYER,
    LOOK,
    PART,
    TRAINED,
    WEIGHT,
    StepContext,
    say_who_painted,
    show_legend,
    small,
    verdict_line,
    verdict_of,
)
from workbench.views.lesson.link import FIRST_HIDDEN, MOST_DAMAGES, good_parts, known_choice
from workbench.views.lesson.painting import paint_one
from workbench.views.shared.services import services

_PLAIN, _MASKED, _REPAIR, _CRR = LADDER
_RATES = (0.0, 0.2, 0.4, 0.6, 0.8)
_PICTURE = "picture"
_SAME_WEIGHT = 0.001


def choose_part(context: StepContext) -> None:
    """Step 1: which part."""
    st.pills(
        "Part",
        good_parts(),
        key=PART,
        format_func=lambda name: context.samples[name].title.partition(":")[0],
        required=True,
        help="The part of the whole lesson.",
    )
    seen = context.demonstration.ask(context.whole, _CRR, paint=False)
    levels = heat(seen.found.explanation.terms.fused().anomaly_map)
    words = verdict_of(seen.found.explanation.inspection)
    context.show(context.whole, [("good part", None, ""), ("CRR's heat-map", levels, words)], "lesson-normal")
    show_legend()


def choose_damage(context: StepContext) -> None:
    """Step 2: which damage."""
    _choose_damage()
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
    known_choice(LAYER, names)
    name = st.select_slider(
        "Layer",
        names,
        key=LAYER,
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
    known_choice(LOOK, [_PICTURE, *names])
    look = st.segmented_control(
        "Show the answer as",
        [_PICTURE, *names],
        default=_PICTURE,
        required=True,
        key=LOOK,
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
            ("encoder's features", seen.painted[0], "control: only what shows here can be judged"),
            ("autoencoder's answer", seen.painted[1], "and here?"),
        ]
    context.show(study, pictures, "lesson-decoder")
    if look == _PICTURE:
        say_who_painted(seen.painted is not None)


def climb_ladder(context: StepContext) -> None:
    """Step 5: answer, map and index from an autoencoder to CRR, a column a rung."""
    _choose_damage()
    study = context.damaged
    seen = {name: _shared(context, name) for name in LADDER}
    answers = [
        (name, answer.drawing, f"copies {answer.percent}")
        for name, answer in seen.items()
        if answer.drawing is not None
    ]
    if answers:
        context.show(study, answers, "lesson-vanishes", outlined=True)
    maps = [
        (
            f"heat-map: {name}",
            answer.heatmap,
            verdict_line(answer.verdict, answer.score, answer.limit),
        )
        for name, answer in seen.items()
    ]
    context.show(study, maps, "lesson-vanishes-maps", outlined=True)
    show_legend()
    st.markdown(_who_finds_it(seen))
    say_who_painted(bool(answers))
    with st.expander("The ladder in figures"):
        figure = ladder_figure({name: found.index for name, found in seen.items()})
        st.plotly_chart(figure, key="lesson_ladder_chart", config={"displayModeBar": False})
        st.caption(
            "Masking and dropout, then repair take the copying away; segmentation changes the map alone. CRR "
            "is a training run of its own, so its index differs a little from the rung before it."
        )


def _shared(context: StepContext, rung: str) -> ShownAnswer:
    """What a model makes of the damage, which is the same for a whole class."""
    key = ("damage", context.sample.name, context.number, context.demonstration.choice(rung).key)

    def ask() -> ShownAnswer:
        return shown_answer(context.demonstration.ask(context.damaged, rung))

    return services().lesson_answers.of(key, ask, lambda made: made.nbytes)


def _who_finds_it(seen: Mapping[str, ShownAnswer]) -> str:
    """Which models find the damage; and how one can that copies most of it."""
    finds = {name: answer.found for name, answer in seen.items()}
    plain = seen[_PLAIN]
    if finds[_PLAIN]:
        return (
            f"The autoencoder copies {plain.percent} of this damage and finds it all the same: it is strong, "
            "and what is left is enough. Faint damage is lost first: try another number, or another part in "
            "step 1."
        )
    found = [name for name, finds_it in finds.items() if finds_it]
    by = f"Of the others, these find it: {', '.join(found)}." if found else "So do the others."
    return f"The autoencoder misses this damage at its limit. {by}"


def _choose_damage() -> None:
    st.slider(
        "Damage number",
        1,
        MOST_DAMAGES,
        key=DAMAGE,
        help="Another number, another damage. It stays for all steps.",
    )


def hide_features(context: StepContext) -> None:
    """Step 6: what is hidden from the decoder, and what it fills in."""
    st.session_state.setdefault(HIDDEN, FIRST_HIDDEN)
    percent = st.slider(
        "Hidden", 0, 80, step=10, format="%d %%", key=HIDDEN, help="Share of the feature values."
    )
    study = context.damaged
    mask = FeatureMask(percent / 100, seed=1)
    seen = context.demonstration.ask(study, _MASKED, mask)
    layer, hidden = len(seen.found.explanation.layers) - 2, f"one layer, {percent} % of it set to 0"
    pictures: list[tuple[str, Image | None, str]] = [
        ("damaged photo", None, ""),
        ("what the decoder is shown", features_picture(seen.found, layer, "shown"), hidden),
    ]
    if seen.painted is not None:
        pictures.append(("what it answers", seen.painted[1], f"copies {seen.percent} of the damage"))
    context.show(study, pictures, "lesson-masking")
    lines = {
        "Masked autoencoder": context.demonstration.indices(study, _MASKED, _RATES, seed=1),
        "Autoencoder": context.demonstration.indices(study, _PLAIN, _RATES, seed=1),
    }
    figure = masking_figure([100 * rate for rate in _RATES], lines, percent)
    st.plotly_chart(figure, key="lesson_masking_chart", config={"displayModeBar": False})
    say_who_painted(seen.painted is not None)


def see_repair(context: StepContext) -> None:
    """Step 7: the same damage before a decoder that reconstructs and before one that repairs."""
    trained = {"to reconstruct, with masking": _MASKED, "to repair as well": _REPAIR}
    known_choice(TRAINED, list(trained))
    choice = st.segmented_control(
        "The decoder was trained",
        list(trained),
        default="to reconstruct, with masking",
        required=True,
        key=TRAINED,
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
    say_who_painted(seen.painted is not None)


def weigh(context: StepContext) -> None:
    """Step 8: differences and segmentation, weighed."""
    study = context.damaged
    seen = context.demonstration.ask(study, _CRR, paint=False)
    terms = seen.found.explanation.terms
    st.session_state.setdefault(WEIGHT, float(terms.settings.distance_weight))
    weight = st.slider(
        "Weight of the differences",
        0.0,
        1.0,
        step=0.05,
        key=WEIGHT,
        help="The segmentation network has the rest. It starts where the calibration put it.",
    )
    fused = terms.fused(None, weight)
    inspection = seen.found.explanation.inspection
    if abs(weight - terms.settings.distance_weight) < _SAME_WEIGHT:
        said = verdict_of(inspection)
    else:
        said = f"score {fused.score:.2f}; limits are for weight {terms.settings.distance_weight:.2f}"
    pictures: list[tuple[str, Image | None, str]] = [
        ("differences", heat(fused.distance), f"weight {weight:.2f}"),
        (
            "final heat-map",
            heat(fused.anomaly_map),
            said,
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
