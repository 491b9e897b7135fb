"""Models on the Hugging Face Hub: looked up, pulled, published. Everything goes through `huggingface_hub`."""

from crr.hub.client import Hub
from crr.hub.finding import find, load
from crr.hub.listing import HubFile, HubModel
from crr.hub.names import HubName
from crr.hub.store import Pulled, Store
from crr.hub.transfer import Tell, Transfer
from crr.hub.upload import Published, card_to_publish, photos_of

__all__ = [
    "Hub",
    "HubFile",
    "HubModel",
    "HubName",
    "Published",
    "Pulled",
    "Store",
    "Tell",
    "Transfer",
    "card_to_publish",
    "find",
    "load",
    "photos_of",
]
