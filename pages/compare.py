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
        from workbench.views.shared.session import current_visitor

        choices, visitor, inspector = comparing.choose_models(), current_visitor(), inspection.inspector()
        if settle(visitor, choices, inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
    photo_status.show_problems(visitor)
    photo_status.write_link(visitor)
    photos = read_samples(settings().samples)
    if comparing.choose_look():
        painting.show_painting(shown_photo(visitor, photos), choices, inspector)
    else:
        painting.forget_link()
        with st.spinner("Asking the models"), progress("Asking") as tell:
            compared = compare_shown(visitor, photos, choices, inspector, tell)
        comparing.show_columns_page(compared, choices, inspector)
    surveying.show_disagreement(choices, inspector)
