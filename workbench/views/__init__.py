"""The screens, in Streamlit: a folder a page, and `shared/` for what all pages have.

A view reads widgets, calls the rooms below, and shows what comes back; it computes nothing. No page's
folder knows another's. Begin with `shared/`, then the folder of the page.
"""
