"""The workbench from a terminal: `python -m workbench annotations`.

Begin with `annotations.py`, where the commands are; `options.py` says what they can be told, and `words.py`
what they tell.
"""
