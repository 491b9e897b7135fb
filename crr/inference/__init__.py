"""Images in, inspections out: the one place where an encoder or a decoder is asked outside of training.

Begin with `engine.py`. Others use `engine.inspect` for verdicts, `explanation.explain` for every step of
one answer, `predict.predict_files` for folders, and `patch_memory.PatchMemory` to look up normal patches.
It imports models and what lies below them.
"""
