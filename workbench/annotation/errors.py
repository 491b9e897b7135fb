"""What can go wrong with annotations, each with a sentence for the person at the screen."""

from crr.errors import CRRError


class AnnotationError(CRRError):
    """Root of the errors of this room."""


class StoreError(AnnotationError):
    """The data folder or the database cannot be used now; nothing of what it holds is lost."""


class NewerStoreError(StoreError):
    """A newer version of the workbench wrote the database."""


class ProjectError(AnnotationError):
    """A project that is not there, may not be seen, or cannot be made so."""


class ReviewError(AnnotationError):
    """A review that cannot be true of its image: a mask of another size, a class nobody knows."""


class SourceError(AnnotationError):
    """An image that is not where it was, or is another by now."""
