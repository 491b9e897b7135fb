"""A defect that a visitor paints: since it is theirs, the truth about it is known.

Begin with `session.py` (one visitor's painted parts and what models make of them); `damage.py` fills
strokes with material. Others use `session.PaintingSession` and `damage.synthetic_damage`.
"""
