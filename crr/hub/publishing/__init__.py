"""What goes to the Hub: a checkpoint or a data set, in one commit.

Begin with `upload.py`, which sends it; `publication.py` is a checkpoint that is to be published, `dataset.py`
a data set. Others use `upload.publish`, `publication.Publication` and `dataset.DatasetPublication`.
"""
