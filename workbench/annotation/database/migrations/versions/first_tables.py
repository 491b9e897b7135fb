"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them all; what names a row of another table comes after it."""
    _make_person()
    _make_project()
    _make_score()
    _make_item()
    _make_member()
    _make_draft()
    _make_lease()
    _make_revision()
    _make_region()
    _make_tag()


def _make_person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("name", name=op.f("uq_person_name")),
        sa.UniqueConstraint("subject", name=op.f("uq_person_subject")),
    )


def _make_project() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("scheme", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("opinions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("name", name=op.f("uq_project_name")),
        sqlite_autoincrement=True,
    )


def _make_score() -> None:
    op.create_table(
        "score",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.String(length=40), nullable=False),
        sa.Column("ratio", sa.Float(precision=53), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("seen", sa.Float(precision=53), nullable=True),
        sa.Column("copied", sa.Float(precision=53), nullable=True),
        sa.Column("measured", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "model", name=op.f("pk_score")),
    )


def _make_item() -> None:
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("opinion", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=20), nullable=True),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("value_range", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("head", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project"], ["project.id"], name=op.f("fk_item_project"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("project", "digest", "opinion", name=op.f("uq_item_project_digest_opinion")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_item_project_reviewed", "item", ["project", "reviewed"], unique=False)
    op.create_index("ix_item_project_name", "item", ["project", "name"], unique=False)


def _make_member() -> None:
    op.create_table(
        "member",
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_member_person"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["project"], ["project.id"], name=op.f("fk_member_project"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project", "person", name=op.f("pk_member")),
    )


def _make_draft() -> None:
    op.create_table(
        "draft",
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name=op.f("fk_draft_item"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_draft_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item", "person", name=op.f("pk_draft")),
    )


def _make_lease() -> None:
    op.create_table(
        "lease",
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name=op.f("fk_lease_item"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_lease_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_lease")),
    )


def _make_revision() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("author", sa.Integer(), nullable=False),
        sa.Column("saved", sa.BigInteger(), nullable=False),
        sa.Column("judgement", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("threshold", sa.Float(precision=53), nullable=True),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("attempt", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["author"], ["person.id"], name=op.f("fk_revision_author")),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name=op.f("fk_revision_item"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("attempt", name=op.f("uq_revision_attempt")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_revision_item", "revision", ["item"], unique=False)


def _make_region() -> None:
    op.create_table(
        "region",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision"], ["revision.id"], name=op.f("fk_region_revision"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("revision", "number", name=op.f("pk_region")),
    )


def _make_tag() -> None:
    op.create_table(
        "tag",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision"], ["revision.id"], name=op.f("fk_tag_revision"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("revision", "number", name=op.f("pk_tag")),
    )
    op.create_index("ix_tag_tag", "tag", ["tag"], unique=False)
