"""A model on disk: config, weights and card in a folder; loading one runs no code of others.

Begin with `files.py`, which reads all of it but the weights and does so without torch; `serialization.py`
saves and loads. `model_card.py` and `card_metadata.py` are the card, `normals.py` the good photos that may
lie beside it. Others use `files.find`, `files.list_checkpoints`, `serialization.load` and
`serialization.save`.
"""
