"""What pages about one photo have in common: where it comes from, the way to the next, what is wrong with it.

Begin with `gallery.py`, which stands first on each of them.
"""
