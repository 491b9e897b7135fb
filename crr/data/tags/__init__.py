"""What image files say of their pixels in tags and chunks of their own, which decoders pass over.

Begin with `tiff.py` (the pages of a TIFF and their depth) and `png.py` (depth, and whether a file is whole);
`channels.py` tells colour from transparency and from neither, and `stacks.py` finds pictures that are
announced and that no decoder sees; `profiles.py` brings colours to sRGB.

Others use `tiff.Directories`, `tiff.tiff_depth`, `channels.tiff_channels`, `stacks.unread_pictures`,
`profiles.in_srgb`, and from `png` its three functions.
"""
