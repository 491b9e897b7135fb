"""The workbench: what a visitor sees, measures and corrects, over the library `crr`.

`views/` and `components/` are its Streamlit half; everything else is plain Python that a test calls without
a browser. Begin with `views/shared/page.py` and the page's own folder beside it. From the top down: views,
lesson, explanation, painting, comparison and reference, inspection, components and model_store, basics,
settings; a room imports only what stands below it.
"""
