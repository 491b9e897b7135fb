"""The page Compare: models in columns, a painted defect, and where models disagree.

Begin with `columns.py`.
"""
