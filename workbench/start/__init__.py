"""What the workbench opens with: one part, one damage, and what an autoencoder and CRR make of it.

Begin with `example.py`, which damage that is and how it was chosen; `answers.py` has what both models make of
it, asked once for all visitors. Others use what these two define.
"""
