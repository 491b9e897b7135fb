"""Which image comes next: what models said of it, what is worth a look, and that one person has it at a time.

Begin with `queue.py`; `ordering.py` is what may be wanted as SQL, `scores.py` what models said.
"""
