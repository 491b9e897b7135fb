"""Figures over a data set: what a model finds, which layer finds it, and several models side by side.

Begin with `detection.py`. Others use `detection.evaluate`, `layers.measure_layers` and
`comparison.compare`.
"""
