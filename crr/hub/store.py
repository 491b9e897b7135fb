"""The models that were pulled from the Hub and lie on this machine.

    STORE/OWNER--NAME/COMMIT/     config.json, model.safetensors, README.md, pulled.json
    STORE/OWNER--NAME/refs.json   revision to the commit that it meant when it was last asked for
    STORE/OWNER--NAME/COMMIT.part/   what has arrived of a pull that is not finished
    STORE/OWNER--NAME/COMMIT.wanted  how many bytes that pull will have when it is finished
    STORE/OWNER--NAME/COMMIT.gone/   what is being removed
    STORE/OWNER--NAME/COMMIT.used    empty; when it was changed is when the model was last used

A folder gets its name, COMMIT, in one step after everything in it was compared with what the Hub says of it:
a model that is half here is no model.
"""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]

from crr.checkpoints.card_metadata import card_in, known_metadata, licence_of
from crr.checkpoints.content import CONFIG, WEIGHTS
from crr.checkpoints.files import PULLED, CheckpointInfo, readable
from crr.errors import HubError
from crr.hub.names import HubName, is_commit
from crr.runtime.files import remove_leftovers, write_text_atomically
from crr.runtime.paths import StrPath, as_path
from crr.runtime.validation import read_json

_REFS = "refs.json"
_MOMENT = 0.1  # seconds to see whether a pull goes on
_PART, _WANTED, _GONE, _USED = ".part", ".wanted", ".gone", ".used"
_ABANDONED = 7 * 24 * 3600  # seconds, after which nobody will go on with a pull


@dataclass(frozen=True)
class Pulled:
    """A model on this machine.

    Attributes:
        name: With the first digits of its commit.
        commit: 40 hex digits.
        path: Folder of the model.
        asked: The revision by which it was pulled first, "main" if none was named.
        when: In UTC, ISO 8601.
        endpoint: Address of the Hub that it is from.
    """

    name: HubName
    commit: str
    path: Path
    asked: str
    when: str
    endpoint: str

    @property
    def bytes(self) -> int:
        """Size of the model's files; 0 if somebody removed it meanwhile."""
        with suppress(FileNotFoundError):
            return sum(file.stat().st_size for file in self.path.iterdir())
        return 0

    @property
    def licence(self) -> str:
        """The licence that the model's card names; empty if it names none."""
        return licence_of(known_metadata(card_in(self.path)))


class Store:
    """The place on this machine where pulled models lie."""

    def __init__(self, root: StrPath | None = None, most: int | None = None) -> None:
        """Open the store.

        Args:
            root: A folder; by default where the Hub's client has libraries keep things (`HF_HOME`).
            most: Bytes that all models may have together; None for as many as the disk holds.
        """
        self._most = most
        usual = Path(constants.HF_ASSETS_CACHE) / "crr" / "hub"
        self.root = usual if root is None else as_path(root, "The folder of pulled models")

    def find(self, name: HubName) -> Pulled | None:
        """The model of that name, as it was pulled last; None if it is not here."""
        folder = self._folder(name.repo)
        commit = self._refs(name.repo).get(name.revision or "main")
        if commit is None and name.revision is None:  # what it means was lost, or that model was removed
            last = [one for one in self.all() if one.name.repo == name.repo and one.asked == "main"]
            return last[0] if last else None
        if commit is None:
            commits = [
                path.name for path in folder.glob("*") if is_commit(path.name) and name.means(path.name)
            ]
            commit = commits[0] if len(commits) == 1 else None
        return None if commit is None else _read(folder / commit)

    def all(self) -> list[Pulled]:
        """Every model, by name, the newest first."""
        folders = [path.parent for path in sorted(self.root.glob(f"*/*/{PULLED}"))]
        found = [_read(folder) for folder in folders if is_commit(folder.name)]
        newest = sorted(filter(None, found), key=lambda pulled: pulled.when, reverse=True)
        return sorted(newest, key=lambda pulled: pulled.name.repo.lower())

    def described(self) -> list[CheckpointInfo]:
        """What the files of every model say; one whose files somebody changed is left out."""
        return list(readable(pulled.path for pulled in self.all()))

    def revisions_of(self, pulled: Pulled) -> list[str]:
        """The branches and tags that meant this model when they were last asked for."""
        refs = self._refs(pulled.name.repo).items()
        return sorted(asked for asked, commit in refs if commit == pulled.commit)

    def remember(self, name: HubName, commit: str) -> None:
        """Note which commit a revision means now."""
        if not name.means(commit) and self._refs(name.repo).get(name.revision or "main") != commit:
            with self._changing(name.repo):
                self._write_refs(name.repo, self._refs(name.repo) | {name.revision or "main": commit})

    def part(self, repo: str, commit: str) -> Path:
        """The folder for what has arrived of a pull."""
        return self._folder(repo) / f"{commit}{_PART}"

    def lock(self, repo: str, commit: str) -> Path:
        """A file to lock while this commit is pulled."""
        return self.root / ".locks" / f"{self._folder(repo).name}-{commit}.lock"

    def note_use(self, folder: Path) -> None:
        """Note that a model is used now, if it is one of these: the one unused longest makes room first."""
        if (folder / PULLED).is_file():
            with suppress(OSError):  # a disk that may only be read
                folder.with_name(f"{folder.name}{_USED}").touch()

    def make_room(self, name: HubName, commit: str, needed: int) -> None:
        """Remove what stopped pulls left and models, unused longest first, until so many bytes have room.

        Call it before each pull, with its lock held: what pulls on their way will still bring counts too.

        Raises:
            HubError: There is no room for so many bytes, or a model cannot be removed.
            WriteError: A file of a model cannot be removed.
        """
        if self._most is None:
            return
        if needed > self._most:
            raise HubError(
                f"{name} has {needed:,} bytes, and here all pulled models together may have {self._most:,}."
            )
        with WeakFileLock(self.root / ".locks" / "room.lock"):  # or two would both take the last
            own = self.part(name.repo, commit)
            models = [one for one in self.all() if one.path != own.with_suffix("")]
            parts = [part for part in self.root.glob(f"*/*{_PART}") if part != own]
            held = sum(one.bytes for one in models) + sum(map(_wanted_by, parts))
            for part in sorted(parts, key=_changed):
                size = _wanted_by(part)
                if held + needed > self._most and self._drop(part, 0):
                    held -= size
            for model in sorted(models, key=_last_used):
                if held + needed > self._most:
                    held -= self.delete(model)
            if held + needed > self._most:
                raise HubError(f"Other models are on their way, and there is no room for {name} beside them.")
            own.mkdir(parents=True, exist_ok=True)
            own.with_suffix(_WANTED).write_text(str(needed))

    def finish(self, name: HubName, commit: str, endpoint: str) -> Pulled:
        """Turn what has arrived, and was verified, into a model; pulls abandoned long ago are swept away."""
        part, folder = self.part(name.repo, commit), self._folder(name.repo) / commit
        if folder.exists():  # what was left of one that was removed by hand
            shutil.rmtree(folder)
        note = {
            "name": str(name.at(commit)),
            "repo": name.repo,
            "asked": name.revision or "main",
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "endpoint": endpoint,
        }
        remove_leftovers(part / PULLED)
        write_text_atomically(part / PULLED, json.dumps(note, indent=1) + "\n")
        part.rename(folder)
        part.with_suffix(_WANTED).unlink(missing_ok=True)
        self._sweep(name.repo, _ABANDONED)
        found = _read(folder)
        assert found is not None
        return found

    def delete(self, pulled: Pulled) -> int:
        """Remove a model, and what stopped pulls of the same repository left.

        Returns:
            How many bytes of the model that freed; 0 if somebody else was faster.

        Raises:
            HubError: The disk refuses.
            WriteError: A file of it cannot be removed.
        """
        repo, freed = pulled.name.repo, pulled.bytes
        gone = pulled.path.with_name(f"{pulled.commit}{_GONE}")
        try:
            shutil.rmtree(gone, ignore_errors=True)  # of a removal that broke off
            with suppress(FileNotFoundError):
                shutil.rmtree(pulled.path.rename(gone))
            pulled.path.with_name(f"{pulled.commit}{_USED}").unlink(missing_ok=True)
            self._sweep(repo, 0)
            with self._changing(repo):
                refs = self._refs(repo).items()
                self._write_refs(repo, {asked: commit for asked, commit in refs if commit != pulled.commit})
        except OSError as error:
            raise HubError(f"{pulled.path} cannot be removed ({error.strerror or error}).") from None
        return freed

    def _sweep(self, repo: str, age: float) -> None:
        """Remove leftovers of removals, and of pulls that stand still for `age` seconds."""
        for leftover in self._folder(repo).glob(f"*{_GONE}"):
            shutil.rmtree(leftover, ignore_errors=True)
        for part in self._folder(repo).glob(f"*{_PART}"):
            self._drop(part, age)

    def _drop(self, part: Path, age: float) -> bool:
        """Remove what has arrived of a pull that stands still for `age` seconds; whether it did."""
        lock = self.root / ".locks" / f"{part.parent.name}-{part.stem}.lock"
        with suppress(OSError), WeakFileLock(lock, timeout=_MOMENT):
            if time.time() - _changed(part) >= age:
                shutil.rmtree(part)
                part.with_suffix(_WANTED).unlink(missing_ok=True)
                return True
        return False

    def _folder(self, repo: str) -> Path:
        return self.root / repo.replace("/", "--")

    @contextmanager
    def _changing(self, repo: str) -> Iterator[None]:
        """Let nobody else change what the revisions of a model mean, while the block runs."""
        lock = self.root / ".locks" / f"{self._folder(repo).name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(lock):
            yield

    def _write_refs(self, repo: str, refs: dict[str, str]) -> None:
        remove_leftovers(self._folder(repo) / _REFS)
        write_text_atomically(self._folder(repo) / _REFS, json.dumps(refs, indent=1) + "\n")

    def _refs(self, repo: str) -> dict[str, str]:
        with suppress(OSError, ValueError, AttributeError):
            refs = read_json(self._folder(repo) / _REFS)
            return {str(asked): str(commit) for asked, commit in refs.items()}
        return {}


def _changed(part: Path) -> float:
    """Seconds since 1970 at which something last arrived of a pull."""
    with suppress(OSError):
        return max(file.stat().st_mtime for file in (part, *part.iterdir()))
    return 0.0


def _wanted_by(part: Path) -> int:
    """Bytes that a pull has brought, or will have when it is whole."""
    wanted = arrived = 0
    with suppress(OSError, ValueError):
        wanted = int(part.with_suffix(_WANTED).read_text())
    with suppress(OSError):
        arrived = sum(file.stat().st_size for file in part.iterdir())
    return max(wanted, arrived)


def _last_used(pulled: Pulled) -> float:
    """Seconds since 1970 at which a model was last used, or else pulled."""
    for path in (pulled.path.with_name(f"{pulled.commit}{_USED}"), pulled.path):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def _read(folder: Path) -> Pulled | None:
    """The model in a folder; None if it has no note or an unreadable one, or if a file of it is gone."""
    if not all((folder / file).is_file() for file in (CONFIG, WEIGHTS)):
        return None
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = read_json(folder / PULLED)
        name = HubName.parse(note["repo"])
        if name is not None:
            said = (str(note[key]) for key in ("asked", "when", "endpoint"))
            return Pulled(name.at(folder.name), folder.name, folder, *said)
    return None
