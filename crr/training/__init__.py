"""From good images to a checkpoint: two stages, calibration, and the same bits after any interruption.

Begin with `trainer.py`, which conducts; `presets.py` says what is trained, `damaged_images.py` what it
sees, `objectives.py` what it minimises, `calibration.py` how limits follow, `snapshots.py` how a run goes
on, `failures.py` why it may not, `run_options.py` what else a run is told. Others use `trainer.train`,
`run_options.RunOptions` and `presets.configure`.
"""
