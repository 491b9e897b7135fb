"""The models on this machine: found, loaded within a memory budget, pulled from the Hub, published.

Begin with `available.py` (which there are) and `loaded.py` (which are in memory). `cards.py` reads what
they say of themselves; `transfers.py`, `downloads.py` and `uploads.py` move them in the background. Others
use `available.find_models`, `loaded.Models`, `downloads.Downloads` and `uploads.Uploads`.
"""
