"""What each method is, in a line, for people who choose a model."""

METHODS = {
    "crr": "Collaborative reconstruction and repair: a decoder that answers damaged parts with good ones",
    "autoencoder": "Plain reconstruction: a decoder that reproduces the features it is shown",
    "dinomaly": "A noisy bottleneck and a loose loss keep a decoder from copying",
    "rd": "Reverse distillation: a student rebuilds what a teacher sees, through a keyhole",
    "uniad": "One transformer whose attention cannot see what it answers",
    "gaussian": "No decoder: how far features lie from the usual ones of a kind of part",
    "padim": "No decoder: how far features lie from the usual ones at their place",
    "patchcore": "No decoder: how far a patch lies from the nearest good one that is remembered",
}
"""Method to a line about it."""


_VARIANTS = {
    "masked-embedded": "Plain reconstruction, with features hidden from the decoder in training",
    "repair-embedded": "CRR before its segmentation network was trained",
}
"""Checkpoints of the repository whose method alone does not tell them apart."""


def has_decoder(method: str) -> bool:
    """Whether a method answers an image with a decoder; others compare it with what is usual."""
    return not METHODS.get(method, "").startswith("No decoder")


def describe(name: str, method: str) -> str:
    """A line about the model of that name and method; the method's name where nobody wrote one."""
    return _VARIANTS.get(name) or METHODS.get(method, method)
