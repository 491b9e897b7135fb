"""Images and data sets on disk, and how an image becomes what a network takes.

Begin with `images.py` (bytes in, one checked RGB array out) and `datasets.py` (a folder in, categories with
their train and test images out). The folder `layouts` finds what lies in a data set, `masks.py` reads which
pixels are defective, and the folder `inventory` says before the work what there is and what cannot be used.
Files of strangers are met by the folder `bounds`, before they are opened, and by the folder `sandbox`.

Others use `images.decode`, `datasets.open_dataset`, `masks.read_mask`, `preprocessing.to_input`,
`readers.read_ahead`, and what the doors of `layouts`, `inventory` and `sandbox` name.
"""
