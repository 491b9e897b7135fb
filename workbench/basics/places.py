"""Sentences for visitors name files as the workbench has them, and not where on the machine they lie."""

import os

from crr.checkpoints.files import checkpoint_folder
from crr.hub import Store
from workbench.settings import ROOT, settings


def for_visitors(error: Exception) -> str:
    """What an error says, without the folders in which models, samples and the workbench itself lie."""
    sentence = str(error)
    places = (checkpoint_folder(), Store().root, settings().samples, settings().data, ROOT)
    roots = {str(root) for place in places for root in (place.absolute(), place.resolve())}
    for root in sorted(roots, key=len, reverse=True):
        sentence = sentence.replace(f"{root}{os.sep}", "")
    return sentence
