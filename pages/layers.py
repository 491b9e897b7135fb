"""Layers: why a model says what it says of one place, layer by layer."""

import streamlit as st

from workbench.components.gallery import choose_sample, offer_own_images
from workbench.components.shell import begin_page, choose_model, plain_errors
from workbench.samples import read_samples
from workbench.settings import settings

with plain_errors():
    begin_page()
    samples, own_images = st.columns([7, 3], gap="medium")
    with samples:
        choose_sample()
    with own_images:
        offer_own_images()
    with st.spinner("Starting the model"):
        # These need torch, which takes seconds to load; the gallery is on the screen meanwhile.
        from workbench import inspection
        from workbench.comparison import settle, shown_photo
        from workbench.components import comparing, exploring
        from workbench.components.session import current_visit

        question, visit, inspector = choose_model(), current_visit(), inspection.inspector()
        questions = [question, *exploring.choose_other(question)]
        if settle(visit, questions, inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
    comparing.show_problems(visit)
    comparing.write_link(visit)
    exploring.show(shown_photo(visit, read_samples(settings().samples)), questions, inspector)
