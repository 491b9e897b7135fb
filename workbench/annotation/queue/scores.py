"""What models said of the images, once an image and model, so that the queue can be put in order."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from crr.types import Verdict
from workbench.annotation.database.connection import Database, insert_into
from workbench.annotation.database.tables import item, score
from workbench.annotation.images import in_parts

_REPLACED = ("revision", "ratio", "verdict", "seen", "copied", "measured")


@dataclass(frozen=True)
class Score:
    """What a model said of an image.

    Attributes:
        digest: SHA-256 of the image.
        model: Name of the model.
        revision: Digest of the model that said it: another one of the same name is asked again.
        ratio: Score over limit, defective from 1 on; 0 or more.
        verdict: What was said of the part.
        seen: How much the encoder saw at the most unusual place: its distance from the nearest normal patch
            over the usual one; None where that was not measured.
        copied: Which share of it the decoder copied, in [0, 1]; None where that was not measured.
        measured: Whether these two were asked for; where there are no normal patches they stay None.
    """

    digest: str
    model: str
    revision: str
    ratio: float
    verdict: Verdict
    seen: float | None = None
    copied: float | None = None
    measured: bool = False


class Scores:
    """The scores of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, scores: Iterable[Score]) -> None:
        """Keep scores; a later one of an image and model replaces one that says no more, or is older."""
        for some in in_parts(list(scores)):
            with self._database.writing() as connection:
                made = insert_into(connection, score)
                replaced = {name: made.excluded[name] for name in _REPLACED}
                says_no_more = sa.or_(
                    made.excluded["measured"],
                    ~score.c.measured,
                    made.excluded["revision"] != score.c.revision,
                )
                connection.execute(
                    made.on_conflict_do_update(
                        index_elements=["digest", "model"], set_=replaced, where=says_no_more
                    ),
                    [asdict(one) for one in some],
                )

    def missing(self, project: int, model: str, revision: str, most: int) -> list[int]:
        """Items of a project whose image was not measured with that model, the first ones, one an image."""
        known = sa.exists().where(
            score.c.digest == item.c.digest,
            score.c.model == model,
            score.c.revision == revision,
            score.c.measured,
        )
        wanted = (
            sa.select(item.c.id)
            .where(item.c.project == project, item.c.opinion == 1, ~known)
            .order_by(item.c.id)
            .limit(most)
        )
        with self._database.reading() as connection:
            return list(connection.execute(wanted).scalars())

    def progress(self, project: int, models: Sequence[str]) -> tuple[int, int]:
        """How many answers of these models about a project's images are known, and how many there will be."""
        images = sa.select(sa.func.count()).where(item.c.project == project, item.c.opinion == 1)
        known = sa.select(sa.func.count()).select_from(item).join(score, score.c.digest == item.c.digest)
        known = known.where(item.c.project == project, item.c.opinion == 1, score.c.model.in_(models))
        with self._database.reading() as connection:
            total = connection.execute(images.select_from(item)).scalar_one()
            return connection.execute(known).scalar_one(), total * len(models)

    def of(self, digests: Sequence[str]) -> list[Score]:
        """All scores of some images."""
        with self._database.reading() as connection:
            return [
                Score(*row)
                for some in in_parts(digests)
                for row in connection.execute(sa.select(score).where(score.c.digest.in_(some)))
            ]
