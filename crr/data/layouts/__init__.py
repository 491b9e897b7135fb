"""Where the images of a data set lie: which arrangement a folder has, and its images with labels and masks.

Begin with `samples.py` (what is found) and `finding.py` (which layout it is); then a file a layout.
`names.py` says what names mean (good, masks, files of the system), `walk.py` goes through folders,
`mask_files.py` pairs masks with images; the folder `doubts` finds what speaks against photos being good ones
alone.
Others use `finding.find_categories`, `finding.find_images`, `samples.Sample` and `samples.Category`.
"""
