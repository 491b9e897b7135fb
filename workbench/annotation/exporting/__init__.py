"""What people said of images, as files for training, papers and other tools.

Begin with `export.py`, which knows the formats and puts a whole folder in its place or none. `selection.py`
says what is exported and keeps the images' files; then comes one file a format.
"""
