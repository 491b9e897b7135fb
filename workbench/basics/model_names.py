"""What people call the models that come with the workbench; any other is called as its folder."""

from collections.abc import Iterable

_NAMES = {
    "crr-embedded": "CRR",
    "repair-embedded": "CRR without segmentation",
    "masked-embedded": "Masked autoencoder",
    "autoencoder-embedded": "Autoencoder",
    "dinomaly-embedded": "Dinomaly",
    "rd-embedded": "Reverse distillation",
    "uniad-embedded": "UniAD",
    "gaussian-embedded": "Gaussian",
    "padim-embedded": "PaDiM",
    "patchcore-embedded": "PatchCore",
}


def shown_model(name: str) -> str:
    """A model as people call it; `name` is that of its folder, which files and links keep."""
    return _NAMES.get(name, name)


def linked_model(told: str, models: Iterable[str]) -> str:
    """The folder's name of a model that a link names, by that or as people call it; else what is told."""
    known = list(models)
    return told if told in known else next((name for name in known if shown_model(name) == told), told)
