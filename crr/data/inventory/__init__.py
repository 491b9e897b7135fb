"""One look before the work: what is in a data set or a folder, what is passed over, and why.

Begin with `inventory.py` (what a look finds) and `looking.py` (how it looks). `facts.py` reads one file,
`sentences.py` says it all in a few lines. Others use `looking.look_at_dataset`, `looking.look_at_files` and
`looking.usable`.
"""
