"""What every program needs: devices, atomic files, progress, checked settings.

Begin with `files.py` (nobody ever sees half a file) and `progress.py` (about one report a second). Others
use all of it, one small file at a time. It imports `crr.types` and `crr.errors` only, and torch in
`devices.py` alone, so that commands about files start in a second.
"""
