"""Compare: several models on one photo, as it is or with a painted defect, and the photos that part them."""

import streamlit as st

from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.shared.gallery import choose_sample, offer_own_images
from workbench.views.shared.page import begin_page, plain_errors

with plain_errors():
    begin_page()
    samples, own_images = st.columns([7, 3], gap="medium")
    with samples:
        choose_sample()
    with own_images:
        offer_own_images()
    with st.spinner("Starting the models"):
        # These need torch, which takes seconds to load; the gallery is on the screen meanwhile.
        from workbench.comparison.comparison import compare_shown
        from workbench.inspection import inspector as inspection
        from workbench.inspection.photo import shown_photo
        from workbench.inspection.visitor import settle
        from workbench.views.compare import columns as comparing
        from workbench.views.compare import disagreement as surveying
        from workbench.views.compare import painting
        from workbench.views.shared import photo_status
        from workbench.views.shared.progress import progress
        from workbench.views.shared.session import current_visit

        questions, visit, inspector = comparing.choose_models(), current_visit(), inspection.inspector()
        if settle(visit, questions, inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
    photo_status.show_problems(visit)
    photo_status.write_link(visit)
    photos = read_samples(settings().samples)
    if comparing.choose_look():
        painting.show(shown_photo(visit, photos), questions, inspector)
    else:
        painting.forget_link()
        with st.spinner("Asking the models"), progress("Asking") as tell:
            compared = compare_shown(visit, photos, questions, inspector, tell)
        comparing.show(compared, questions, inspector)
    surveying.show(questions, inspector)
