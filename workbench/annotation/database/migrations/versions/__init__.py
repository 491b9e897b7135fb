"""The steps by which the tables became what they are. Begin with `first_tables.py`."""
