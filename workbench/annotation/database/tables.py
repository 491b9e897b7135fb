"""The tables. Times are milliseconds since 1970, UTC, which both databases keep alike."""

from datetime import UTC, datetime

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _of(table: str, *, key: bool = False, column: str | None = None) -> sa.Column[int]:
    """A column that names a row of a table, and goes with it."""
    reference = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(column or table, sa.Integer, reference, primary_key=key, nullable=False)


person = sa.Table(
    "person",
    metadata,
    _key(),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("subject", sa.String(500), unique=True),  # who the provider of a sign-in says it is
)

project = sa.Table(
    "project",
    metadata,
    _key(),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("scheme", sa.JSON, nullable=False),
    sa.Column("models", sa.JSON, nullable=False),
    sa.Column("opinions", sa.Integer, nullable=False),
    sqlite_autoincrement=True,  # the number of a deleted project leads to no other
)

member = sa.Table("member", metadata, _of("project", key=True), _of("person", key=True))

item = sa.Table(
    "item",
    metadata,
    _key(),
    _of("project"),
    sa.Column("opinion", sa.Integer, nullable=False),
    sa.Column("name", sa.String(1000), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("label", sa.String(20)),
    sa.Column("category", sa.String(200), nullable=False),
    sa.Column("path", sa.Text),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified", sa.BigInteger, nullable=False),
    sa.Column("value_range", sa.JSON(none_as_null=True)),
    sa.Column("skipped", sa.Boolean, nullable=False),
    sa.Column("reviewed", sa.Boolean, nullable=False),  # by a person: what came from a file is not
    # The newest revision. Revisions name an item, so that a key here would be a circle: a save checks it.
    sa.Column("head", sa.Integer),
    sa.UniqueConstraint("project", "digest", "opinion"),
    sa.Index("ix_item_project_name", "project", "name"),
    sa.Index("ix_item_project_reviewed", "project", "reviewed"),
    sqlite_autoincrement=True,
)

revision = sa.Table(
    "revision",
    metadata,
    _key(),
    _of("item"),
    sa.Column("base", sa.Integer),
    sa.Column("author", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
    sa.Column("saved", sa.BigInteger, nullable=False),
    sa.Column("judgement", sa.String(20), nullable=False),
    sa.Column("severity", sa.String(20)),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("model", sa.String(200)),
    sa.Column("threshold", sa.Float(53)),
    sa.Column("seconds", sa.Float(53), nullable=False),
    sa.Column("attempt", sa.String(100), nullable=False, unique=True),  # sent twice, it is saved once
    sa.Index("ix_revision_item", "item"),
    sqlite_autoincrement=True,
)

region = sa.Table(
    "region",
    metadata,
    _of("revision", key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("category", sa.String(200), nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("area", sa.BigInteger, nullable=False),
)

tag = sa.Table(
    "tag",
    metadata,
    _of("revision", key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("tag", sa.String(200), nullable=False),
    sa.Index("ix_tag_tag", "tag"),
)

draft = sa.Table(
    "draft",
    metadata,
    _of("item", key=True),
    _of("person", key=True),
    sa.Column("base", sa.Integer),
    sa.Column("clock", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)

lease = sa.Table(
    "lease",
    metadata,
    _of("item", key=True),
    _of("person"),
    sa.Column("until", sa.BigInteger, nullable=False),
)

score = sa.Table(
    "score",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("model", sa.String(200), primary_key=True),
    sa.Column("revision", sa.String(40), nullable=False),
    sa.Column("ratio", sa.Float(53), nullable=False),
    sa.Column("verdict", sa.String(20), nullable=False),
    sa.Column("seen", sa.Float(53)),
    sa.Column("copied", sa.Float(53)),
    sa.Column("measured", sa.Boolean, nullable=False),  # whether the two above were asked for
)


def now() -> int:
    """The time as the tables keep it."""
    return round(datetime.now(UTC).timestamp() * 1000)


def moment(milliseconds: int) -> datetime:
    """A time of the tables as people's."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
