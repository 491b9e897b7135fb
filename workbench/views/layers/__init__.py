"""The page Layers: rows of layers, a place in them, the sum that makes the map. Begin with `explorer.py`."""
