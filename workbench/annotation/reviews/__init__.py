"""What people say of images: revisions that are only ever added, and drafts of those to come.

Begin with `reviews.py`: a save names the revision that it started from, and overwrites no other.
`checking.py` says what can be true of an image, `revisions.py` is the rows of a revision, `drafts.py` keeps
what somebody is drawing.
"""
