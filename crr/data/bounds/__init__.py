"""How much a file may announce before a decoder believes it: lists longer than any photo's are refused.

A decoder takes memory and time for every strip, chunk or scan that a file names, however small the picture
is. Begin with `checking.py`; each of the others knows one format. They read what a file announces and nothing
else: what is damaged is left to the decoder, which says so.

Others use `checking.check_parts`, and `jpeg.too_many_scans` for pictures further on in a file.
"""
