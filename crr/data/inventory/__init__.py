"""One look before the work: what is in a data set or a folder, what is passed over, and why.

Begin with `inventory.py` (what a look finds) and `looking.py` (how it looks). `facts.py` reads one file,
`guessing.py` tells which value is white where files do not say it, `mask_survey.py` reads all masks,
`repeats.py` finds photos that are there twice where they must not be, and `sentences.py` says it all in a few
lines. Others use `looking.look_at_dataset`, `looking.look_at_files`, `looking.usable`,
`guessing.guessed_range`, `guessing.guess`, `guessing.not_guessed` and `mask_survey.find_rule`.
"""
