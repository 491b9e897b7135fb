"""Images and data sets on disk, and how an image becomes what a network takes.

Begin with `images.py` (bytes in, one checked RGB array out) and `datasets.py` (a folder in, categories with
their train and test images out). Others use `images.decode`, `datasets.open_dataset`,
`preprocessing.to_input` and `readers.read_ahead`.
"""
