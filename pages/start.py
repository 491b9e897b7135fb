"""Start: why models miss defects, with one example to play with, and where to go on."""

import streamlit as st

from workbench.components.errors import plain_errors
from workbench.views.shared.page import NAME, begin_page
from workbench.views.shared.photos.photo_status import lead_to_inspect

with plain_errors():
    lead_to_inspect()
    begin_page("Why do models miss defects?", f"{NAME}: why models miss defects")
    st.markdown(
        "A factory has thousands of photos of good parts and none of tomorrow's defect. So a model learns "
        "good parts only, redraws each photo, and reports where photo and drawing differ.  \n"
        "**If it simply copies the photo, defect and all, nothing differs. That is *identity mapping*. CRR, "
        "collaborative reconstruction and repair, is trained to repair instead.**"
    )
    with st.spinner("Starting the models"):
        # This needs torch, which takes seconds to load; the question is on the screen meanwhile.
        from workbench.views.start.start import show_example, show_how_it_works, show_ways

    show_example()
    show_ways()
    show_how_it_works()
