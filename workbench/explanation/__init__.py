"""Why a model says what it says of one place in one photo, layer by layer.

Begin with `explorer.py`. `study_image.py` is the photo as it is studied, `location.py` the place,
`patch_reading.py` and `identity_index.py` what is read off there, `feature_pictures.py` and
`patch_thumbnails.py` how it looks, `drawing.py`, `plots.py` and `export.py` what is shown and kept. Others
use `explorer.LayerExplorer` and `study_image.StudyImage`.
"""
