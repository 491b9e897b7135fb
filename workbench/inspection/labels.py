"""What is true of a visitor's parts, good or defective: as the visitor says, else by the names of folders."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from crr.data.layouts.names import told_by_folders
from crr.types import Label
from workbench.inspection.uploads import Upload

TRUTHS: dict[Label, str] = {"good": "OK", "defective": "Not OK"}
"""Label to its word for people; tables for programs keep the label itself."""


class Labels:
    """The labels of one visitor's pictures; what the visitor says goes before what folders are called."""

    def __init__(self) -> None:
        self._said: dict[str, Label | None] = {}
        self._told: dict[str, Label] = {}

    def hear(self, names: Iterable[str]) -> None:
        """Take in what the folders of files say that came together; others say nothing of them."""
        paths = {name: PurePosixPath(name.replace("\\", "/")) for name in names}
        bad = told_by_folders(paths.values())
        for name, path in paths.items():
            self._told.pop(name, None)
            if path in bad:
                self._told[name] = "defective" if bad[path] else "good"

    def say(self, digest: str, label: Label | None) -> None:
        """Remember what the visitor says of a picture; None: it is not known, whatever folders say."""
        self._said[digest] = label

    @property
    def said(self) -> bool:
        """Whether the visitor said anything."""
        return any(label is not None for label in self._said.values())

    def of(self, uploads: Iterable[Upload]) -> dict[str, Label]:
        """Digest to label, of those pictures that have one.

        A picture whose files lie in folders of good and of defective parts has none.
        """
        found = {upload.digest: self._label(upload) for upload in uploads}
        return {digest: label for digest, label in found.items() if label is not None}

    def _label(self, upload: Upload) -> Label | None:
        if upload.digest in self._said:
            return self._said[upload.digest]
        labels = {self._told[name] for name in upload.names if name in self._told}
        return labels.pop() if len(labels) == 1 else None
