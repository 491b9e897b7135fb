"""The page Inspect: one result, and the table of many. Begin with `result.py`."""
