"""How the tables came to be what they are: one step a file in the folder `versions`, in Alembic's words.

Begin with `env.py`, which Alembic runs. A step is never changed once it was released. After a change of the
tables, write the next one; a test says whether the steps lead to the tables, in both databases.
"""
