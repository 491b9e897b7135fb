"""What somebody is drawing and has not saved: it outlives a crash, and is nobody else's."""

import sqlalchemy as sa

from workbench.annotation.database.connection import Database, insert_into
from workbench.annotation.database.tables import draft
from workbench.annotation.records import Draft


class Drafts:
    """The drafts of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, item: int, person: int, kept: Draft) -> None:
        """Keep a draft, unless a later one is kept already."""
        with self._database.writing() as connection:
            values = {"base": kept.base, "clock": kept.clock, "state": kept.state}
            made = insert_into(connection, draft).values(item=item, person=person, **values)
            connection.execute(
                made.on_conflict_do_update(
                    index_elements=["item", "person"], set_=values, where=draft.c.clock < kept.clock
                )
            )

    def get(self, item: int, person: int) -> Draft | None:
        """What somebody drew and has not saved."""
        found = sa.select(draft.c.base, draft.c.clock, draft.c.state).where(
            draft.c.item == item, draft.c.person == person
        )
        with self._database.reading() as connection:
            row = connection.execute(found).first()
        return None if row is None else Draft(*row)

    def discard(self, item: int, person: int) -> None:
        """Forget a draft, of which there may be none."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(draft).where(draft.c.item == item, draft.c.person == person))
