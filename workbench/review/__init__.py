"""Many photos of one visitor together: what their files are, and what a limit finds among them.

Begin with `tally.py`. Others use `tally.tally_of`, `tally.ratios_of` and `look.look_at_batch`.
"""
