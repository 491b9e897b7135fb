"""What may tell good photos from others where no layout does: whoever missed it would learn defects as good.

Photos that lie in a folder without more are taken for good ones alone only if nothing here speaks against it.
Begin with `doubts.py` (what is asked, in order). `files.py` goes through the files beside the photos,
`lists.py` says whether the text in one tells something of them.

Others use `doubts.check_all_good`, or `doubts.check_folders`, `doubts.check_photos` and `files.check_files`
alone.
"""
