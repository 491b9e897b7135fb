"""All of the annotations in one object, and where they lie."""

from pathlib import Path

from crr.errors import CRRError
from crr.runtime.files import check_writable
from workbench.annotation.blobs import Blobs
from workbench.annotation.database.connection import Database, open_postgresql, open_sqlite
from workbench.annotation.database.schema import bring_up_to_date
from workbench.annotation.errors import StoreError
from workbench.annotation.images import Images
from workbench.annotation.opinions import Opinions
from workbench.annotation.people import People
from workbench.annotation.projects import Projects
from workbench.annotation.queue.queue import ReviewQueue
from workbench.annotation.queue.scores import Scores
from workbench.annotation.reviews.drafts import Drafts
from workbench.annotation.reviews.reviews import Reviews

FILE = "annotations.sqlite"


class AnnotationStore:
    """Projects, reviews and the queue of one data folder; threads may share it.

    Attributes:
        folder: The data folder.
        database: Where the rows are.
        blobs: Contents of the images that were copied.
        people: Who reviews.
        projects: What is reviewed.
        images: The images of the projects.
        reviews: What was said.
        drafts: What is being said.
        opinions: Where two said it.
        queue: What comes next.
        scores: What models said.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        self.blobs = Blobs(folder / "images")
        self.people, self.projects = People(database), Projects(database)
        self.images = Images(database)
        self.reviews, self.drafts = Reviews(database), Drafts(database)
        self.opinions = Opinions(database)
        self.queue, self.scores = ReviewQueue(database), Scores(database)

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()


def open_store(folder: Path, url: str = "") -> AnnotationStore:
    """Open the annotations of a data folder, which is made if need be, and bring them to the newest version.

    Args:
        folder: The data folder: copied images, backups, and the database if it is a file.
        url: Address of a PostgreSQL database; empty: a file in the folder.

    Raises:
        StoreError: The folder or the database cannot be used.
        NewerStoreError: A newer version of the workbench wrote them.
    """
    try:
        check_writable(folder)
    except CRRError as error:
        raise StoreError(f"{error} CRR_DATA names the folder of the annotations.") from error
    database = open_postgresql(url) if url else open_sqlite(folder / FILE)
    try:
        bring_up_to_date(database, folder / "backups")
    except BaseException:
        database.close()
        raise
    return AnnotationStore(folder, database)
