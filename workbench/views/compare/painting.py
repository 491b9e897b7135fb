"""Paint a defect on the photo that is shown, and see at once which models copy it and which repair it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from workbench.components.canvas import show_canvas
from workbench.components.errors import guarded, plain_errors
from workbench.explanation.study_image import painted
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.photo import Photo
from workbench.inspection.samples import donor_files, read_samples, samples_of_other_kinds
from workbench.painting.damage import KINDS, MATERIALS, Damaged, Filling, Synthetic
from workbench.painting.session import DamagePlan, PaintingSession
from workbench.settings import settings
from workbench.start.example import read_example
from workbench.views.compare.answers import show_answers
from workbench.views.compare.columns import show_columns, show_details
from workbench.views.shared.address import went_back, write_address
from workbench.views.shared.page import device_name
from workbench.views.shared.session import DAMAGE_LINK, current_painting
from workbench.views.shared.visit import tell_what_is_held

_FIGURES = (
    "Contrast: mean of the map inside the damage, as a multiple of that outside. IoU: overlap of the damage "
    "with where the map reaches the model's pixel threshold, 1 = exactly; the verdict compares the score "
    "with its limit, which is another number. All are about strokes and synthetic damage together, "
    "outlined here."
)
_STRENGTH, _COLOUR = "strength", "colour"
_EVERYTHING = (
    "All of the photo is damaged, so there is nothing outside to compare with: no contrast can be given."
)


@st.fragment(key="painting")
def show_painting(photo: Photo, choices: Sequence[ModelChoice]) -> None:
    """The canvas with its materials, then what each model makes of the damage."""
    with plain_errors():
        session = current_painting()
        _lay_example(session, photo)
        part, plan = session.part(photo, photo.open(choices[0])), session.plan(photo)
        if went_back():
            plan.synthetic = Synthetic.parse(st.query_params.get(DAMAGE_LINK, ""))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            session.filling = _choose_filling(photo, session.filling)
            _offer_synthetic(plan)
        canvas, maps = st.columns([9, 11], gap="medium")
        made = session.make(part, donor_files(read_samples(settings().samples), photo.key))
        with canvas:
            show_canvas(
                part.picture,
                plan.painting,
                key="canvas",
                description=f"{photo.name}, to paint a defect on",
                result=made.picture if made.damaged.mask.any() else None,
            )
            _say_what_was_made(made.damaged, plan, photo)  # below, so that the canvas stays in its place
        with maps:
            columns = st.container()
            with st.spinner("Asking the models"):  # below, so that the maps stay in theirs
                result = session.ask(part, made, choices)
            with columns:
                scale = show_columns(result.comparison, choices)
            if made.damaged.mask.any():
                st.caption(_FIGURES)
        if made.damaged.mask.any():
            with canvas:
                models = "1 model" if len(choices) == 1 else f"{len(choices)} models"
                device = device_name(choices[0].device)
                st.caption(
                    f"From the damage to the maps of {models}: {result.milliseconds:.0f} ms ({device})."
                )
        _write_link(plan)
        show_answers(painted(part, made), choices)
        show_details(result.comparison, scale, lambda: made.damaged.image)
        tell_what_is_held()


def _lay_example(session: PaintingSession, photo: Photo) -> None:
    """Begin with the damage that the workbench opens with, where its part is shown first."""
    example = read_example(settings().samples)
    if not photo.own and photo.key == example.sample and session.lay(photo, example.strokes):
        st.session_state.setdefault(_STRENGTH, example.strength)
        st.session_state.setdefault(_COLOUR, example.colour)


def forget_link() -> None:
    """Take the damage out of the link, where the photo is shown as it is."""
    write_address(**{DAMAGE_LINK: None})


def _write_link(plan: DamagePlan) -> None:
    """Keep the synthetic damage in the address; what a hand painted is in no link."""
    write_address(**{DAMAGE_LINK: None if plan.synthetic is None else str(plan.synthetic)})


def _choose_filling(photo: Photo, before: Filling) -> Filling:
    material = st.segmented_control(
        "Paint with",
        MATERIALS,
        default=MATERIALS[0],
        required=True,
        key="material",
        persist_state="session",
        help="All that you paint is filled with this, also what you have painted already: the same defect "
        "in another material.",
    )
    chosen = replace(before, material=material)
    if material == "Colour":
        colour = st.color_picker(
            "Colour", Filling.colour, key=_COLOUR, persist_state="session", help="Of the defect."
        )
        chosen = replace(chosen, colour=colour)
    elif material == "Texture":
        if st.button("Another texture", icon=":material/texture:", help="Textures are made up, one a press."):
            chosen = replace(chosen, seed=before.seed + 1)
    else:
        chosen = replace(chosen, part=_choose_part(photo))
    percent = st.slider(
        "Strength",
        5,
        100,
        100,
        5,
        format="%d %%",
        width=110,
        key=_STRENGTH,
        persist_state="session",
        help="How much the material covers the part: a faint defect is harder to find.",
    )
    return replace(chosen, strength=percent / 100)


def _choose_part(photo: Photo) -> Path:
    samples = read_samples(settings().samples)
    others = [name for name in samples if name != photo.key]
    foreign = next(iter(samples_of_other_kinds(samples, photo.key)), None)
    name = st.selectbox(
        "Other part",
        others,
        index=others.index(foreign.name) if foreign is not None else 0,
        key="other_part",
        format_func=lambda name: samples[name].title,
        width=200,
        persist_state="session",
        help="What you paint shows the same place of this photo.",
    )
    return samples[name].path


def _offer_synthetic(plan: DamagePlan) -> None:
    kind = st.selectbox(
        "Synthetic damage",
        list(KINDS),
        index=0 if plan.synthetic is None else list(KINDS).index(plan.synthetic.kind),
        format_func=KINDS.__getitem__,
        width=190,
        key="damage_kind",
        persist_state="session",
        help="As models are trained and measured with; no model here is trained on the kinds that are held "
        "out. Your strokes lie over it.",
    )
    st.button(
        "Make one",
        icon=":material/casino:",
        on_click=guarded(plan.make),
        args=(kind,),
        help="Makes a synthetic damage, another one each time. The address of the page makes the same again.",
    )
    st.button(
        "Remove it",
        icon=":material/healing:",
        on_click=_heal,
        args=(plan,),
        disabled=plan.synthetic is None,
        help="Takes the synthetic damage away; what you painted stays.",
    )


@guarded
def _heal(plan: DamagePlan) -> None:
    plan.synthetic = None


def _say_what_was_made(damaged: Damaged, plan: DamagePlan, photo: Photo) -> None:
    if not damaged.mask.any():
        st.info(
            "Paint a defect on the part, or let one be made: the maps follow at once.",
            icon=":material/brush:",
        )
    elif damaged.mask.all():
        st.info(_EVERYTHING, icon=":material/select_all:")
    example = read_example(settings().samples)
    if plan.painting.strokes == example.strokes and photo.key == example.sample:
        st.caption("A faint scratch to begin with, chosen because it shows the effect. Paint your own.")
    if plan.synthetic is not None and damaged.filling:
        kind = KINDS[damaged.filling].lower()
        st.caption(f"Synthetic damage number {plan.synthetic.seed + 1}: {kind}, shape: {damaged.shape}.")
    if photo.label == "defective":
        st.caption(
            "This part is defective as it came. The index is of your damage alone; contrast and IoU also "
            "count what the heat-maps show of the defect that was there."
        )
