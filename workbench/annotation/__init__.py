"""What people say of images: projects, reviews that are only ever added to, and a queue that hands them out.

Begin with `store.py`, which opens everything, and `records.py`, what it hands out. `images.py`, `blobs.py`,
`projects.py` and `people.py` are what is reviewed and who does it, `masks.py` keeps masks small. The folder
`reviews` is what was said, `queue` what comes next, `exporting` and `importing` how it leaves and comes,
`keeping` its backups.
The folder `database` alone knows engines and Alembic; the other files say in SQLAlchemy's words what they
want to know. Nothing here knows Streamlit, and nothing asks a model.

Others use `store.open_store`, `records.py`, `errors.py`, `masks.encode`, `masks.decode`, and what the doors
of the folders name.
"""
