"""Identity mapping, measured: which share of a damage passes through a decoder.

Begin with `index.py`, the formula. `pairs.py` makes damaged images with clean twins, `single_image.py`
answers for one image at once, `evaluation.py` for a data set, `surrogate.py` estimates the index of a real
defect that has no clean twin, `sighting.py` finds what was seen and copied where nothing is marked. Others
use `index.IdentityIndex`, `single_image.index_of_damage`, `single_image.index_of_defect`, `sighting.sighting`
and `evaluation.measure_identity`.
"""
