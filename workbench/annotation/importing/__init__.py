"""Images and what was said of them elsewhere come into a project: all of a source, or nothing of it.

Begin with `bringing.py`, which writes what was found in one step. `files.py` reads image files, then comes
one file a source: `datasets.py`, `coco.py`, `jsonl.py`. What stands in a source is a stranger's: every
number, text and list has a bound, and an error names file, entry and reason.
"""
