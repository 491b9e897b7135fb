"""Features turned back into pictures: a network that illustrates what an encoder saw and a decoder answered.

Begin with `network.py`. `training.py` trains it, `checkpoint.py` keeps it, `evaluation.py` says how far its
pictures can be believed, `card.py` writes that down. Others use `checkpoint.load_inversion` and
`network.InversionNetwork`.
"""
