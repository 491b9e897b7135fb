"""One visitor's photos, the models that are asked about them, and what follows from a threshold.

Begin with `inspector.py` (one queue a device) and `visitor.py` (what one visitor looks at). `samples.py`,
`batch.py`, `image_file.py` and `photo.py` are where photos come from, `labels.py` what is true of them,
`explanation_cache.py` what was asked about one photo already, `verdict.py` what an inspection means, and
`drawing.py` what is drawn of it. Others use `inspector.Inspector`, `inspector.ModelChoice`, `photo.Photo`,
`visitor.VisitorState` and `explanation_cache.ExplanationCache`.
"""
