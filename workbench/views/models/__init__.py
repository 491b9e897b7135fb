"""The page Models: what is here, what is on the Hub, and publishing. Begin with `local.py`."""
