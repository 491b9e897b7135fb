"""One visitor's photos, the models that are asked about them, and what follows from a threshold.

Begin with `inspector.py` (one queue a device) and `visitor.py` (what one visitor looks at). `samples.py`,
`folders.py`, `batch.py` and `image_file.py` are where photos come from, `verdict.py` what an inspection
means, `drawing.py`, `plots.py` and `export.py` what is made of it.
"""
