"""A model on disk: config, weights and card in a folder; loading one runs no code of others.

Begin with `files.py`, which says what there is, and `content.py`, which reads it, both without torch.
`serialization.py` saves and loads, after `crr.models.blueprint` has told how large what a config describes
would be: anybody may have written it. `model_card.py` and `card_metadata.py` are the card, `normals.py` the
good photos that may lie beside it. Others use `files.find`, `files.list_checkpoints`, `content.read_config`,
`serialization.load` and `serialization.save`.
"""
