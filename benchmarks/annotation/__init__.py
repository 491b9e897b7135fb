"""What the annotations stand: writers that are killed, large projects, many people, a browser at the desk.

Begin with `killing.py`; each file is a command of its own that prints its figures: `scale.py` a large
project, `people.py` twenty people at once, `desk.py` a browser.
"""
