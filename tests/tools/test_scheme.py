"""The picture of the tables is that of the tables as they are."""

from tools.scheme import PLACES, TARGET, picture
from workbench.annotation.database.tables import metadata


def test_the_picture_shows_the_tables_as_they_are():
    assert set(PLACES) == set(metadata.tables)
    assert TARGET.read_text(encoding="utf-8") == picture(), "run: python tools/scheme.py"
