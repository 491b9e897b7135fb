"""What every program needs: devices, atomic files, progress, checked settings.

Begin with `files.py` (nobody ever sees half a file) and `progress.py` (about one report a second). Others
use any of its files, each of which stands alone. Commands about files start in a second because only
`devices.py` and `stopwatch.py` need torch.
"""
