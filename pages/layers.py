"""Layers: why a model says what it says of one place, layer by layer."""

import streamlit as st

from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.shared.gallery import choose_sample, offer_own_images
from workbench.views.shared.page import begin_page, choose_model, plain_errors

with plain_errors():
    begin_page()
    samples, own_images = st.columns([7, 3], gap="medium")
    with samples:
        choose_sample()
    with own_images:
        offer_own_images()
    with st.spinner("Starting the model"):
        # These need torch, which takes seconds to load; the gallery is on the screen meanwhile.
        from workbench.inspection import inspector as inspection
        from workbench.inspection.photo import shown_photo
        from workbench.inspection.visitor import settle
        from workbench.views.layers import explorer as exploring
        from workbench.views.shared import photo_status
        from workbench.views.shared.session import current_visit

        question, visit, inspector = choose_model(), current_visit(), inspection.inspector()
        questions = [question, *exploring.choose_other(question)]
        if settle(visit, questions, inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
    photo_status.show_problems(visit)
    photo_status.write_link(visit)
    exploring.show(shown_photo(visit, read_samples(settings().samples)), questions, inspector)
