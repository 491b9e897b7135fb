"""What is usual: patches of normal photos, and how far from them an unusual patch lies.

Begin with `cache.py`, which makes it once for all visitors; `patches.py` is what is kept, `discrepancy.py`
the measures between what was seen and what was answered. Others use `cache.ReferenceCache`.
"""
