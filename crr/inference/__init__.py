"""Images in, inspections out: the one place outside of training where an encoder or a decoder is asked.

Begin with `forward.py`, the one forward pass, and `engine.py`, which makes inspections of it. Others use
`engine.inspect` for verdicts, `explanation.explain` for every step of one answer, `forward.forward` and
`forward.encode` for features, `predict.predict_files` for folders, and `patch_memory.PatchMemory` to look
up normal patches.
"""
