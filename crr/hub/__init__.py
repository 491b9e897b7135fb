"""Models on the Hugging Face Hub: looked up, pulled, published by its own client. And data sets published.

Begin with `client.py`; `resolve.py` finds a model by its name wherever it lies, `store.py` has those that
were pulled. Others use the names below.
"""

from crr.hub.client import Hub, quiet
from crr.hub.listing import HubFile, HubModel, Revision
from crr.hub.names import HubName
from crr.hub.publishing.dataset import DatasetPublication
from crr.hub.publishing.publication import Publication, Published
from crr.hub.resolve import find, load
from crr.hub.store import Pulled, Store
from crr.hub.transfer import Transfer, TransferCallback, size_of

__all__ = [
    "DatasetPublication",
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
