"""A whole store in one file and back, and whether all of it fits together.

Begin with `backup.py`, which writes one state of the store while people go on writing. `restoring.py` reads
it into an empty store, of either kind of database; `checking.py` names every row, content and file that does
not fit.
"""
