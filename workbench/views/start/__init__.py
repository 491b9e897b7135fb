"""The page *Start*: the question, one live example, and where to go on. Begin with `start.py`."""
