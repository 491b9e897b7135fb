"""What Alembic runs: on the connection that `schema.py` hands over, and never by itself."""

from alembic import context

from workbench.annotation.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()
