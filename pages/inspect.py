"""Inspect: one image or many, the answer first."""

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
        from workbench.views.inspect import result as viewer
        from workbench.views.inspect import table as results
        from workbench.views.shared.session import current_visitor

        choice, visitor, inspector = choose_model(), current_visitor(), inspection.inspector()
        if visitor.settle(choice, inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
        inspected = visitor.inspect(read_samples(settings().samples), choice, inspector)
    # Always there, so that what follows stays in its place.
    news, progress = st.container(), st.container()
    with news:
        results.show_news(visitor, choice)
    viewer.show_result(inspected)
    with progress:
        results.inspect_rest(visitor, choice, inspector)
    results.show_table(visitor, choice, inspector)
