"""What was found in a visitor's photos, as files to keep: a table and a zip of pictures.

Begin with `lines.py`, the one place where a line is made: which file, what was found, or why nothing was.
`spreadsheet.py` writes lines as CSV, Excel or JSON, `archive.py` puts the pictures beside them, `names.py`
says what they are called there. Others use `lines.BatchExport`, `lines.table_of` and `archive.pictures_zip`.
"""
