"""The lesson on identity mapping: its words, and what it demonstrates live.

Begin with `steps.toml` (the words), then `demonstration.py`; `steps.py` reads the words, `plots.py` draws.
Views use `steps.read_steps` and `demonstration.Demonstration`.
"""
