"""Models on the Hugging Face Hub: looked up, pulled, published. Everything goes through `huggingface_hub`.

Begin with `client.py`; `resolve.py` finds a model by its name wherever it lies, `store.py` has those that
were pulled. Others use the names below.
"""

from crr.hub.client import Hub, quiet
from crr.hub.listing import HubFile, HubModel, Revision
from crr.hub.names import HubName
from crr.hub.publication import Publication, Published
from crr.hub.resolve import find, load
from crr.hub.store import Pulled, Store
from crr.hub.transfer import Transfer, TransferCallback, size_of

__all__ = [
    "Hub",
    "HubFile",
    "HubModel",
    "HubName",
    "Publication",
    "Published",
    "Pulled",
    "Revision",
    "Store",
    "Transfer",
    "TransferCallback",
    "find",
    "load",
    "quiet",
    "size_of",
]
