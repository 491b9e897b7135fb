"""The database of the annotations, SQLite or PostgreSQL: connections, tables, and how old ones become new.

Begin with `tables.py`. `connection.py` opens a database and turns its failures into sentences, `schema.py`
brings it to the newest version under a lock, by the steps in the folder `migrations`, and `backup.py` copies
a SQLite file while others write.
"""
