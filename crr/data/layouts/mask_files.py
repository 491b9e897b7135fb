"""Which mask belongs to which image."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import TypeVar

from crr.data.layouts.names import (
    is_good,
    is_labels,
    is_masks,
    key,
    says_nothing,
    without_heatmap_ending,
    without_mask_ending,
)
from crr.data.layouts.walk import Notes, images_in, images_under, subfolders
from crr.data.mask_values import mask_values
from crr.errors import DatasetError, ImageError

MASKS = "masks, which are no photos"
WITHOUT_IMAGE = "a mask without an image"
BESIDE = "a mask that lies beside its image"
HEATMAP_BESIDE = "a heat-map that lies beside its image"
PREDICTED = "a picture of an earlier prediction"
SECOND = "a second mask of the same image"
MARKS_NOTHING = "a mask that marks nothing"
AMBIGUOUS = "a mask that several images of its name may have"

_RGB = "rgb"

AnyPath = TypeVar("AnyPath", bound=PurePath)

_Place = tuple[tuple[str, ...], str]
"""The folders above a file and its name, as they are compared."""


def masks_of(images: Sequence[Path], folder: Path, masks: Path, notes: Notes) -> dict[Path, tuple[Path, ...]]:
    """The masks of images: alike in name ("000.png" or "000_mask.png"), or a folder of them ("000/1.png").

    Args:
        images: Images in `folder` and its subfolders.
        folder: Where the images lie.
        masks: Where the masks lie, in the same subfolders, or in those below the folder of a kind ("cut" for
            "bad/cut"). In others only if a name tells the image alone, and a good image only if no other has
            it; never in the folder of another kind, where some kinds have folders of masks.
        notes: Told of masks that belong to no image, and of those that only a name tells the image of.

    Returns:
        Image to its masks, for those that have some.
    """
    by_place: dict[_Place, list[Path]] = defaultdict(list)
    for image in images:
        by_place[_place(image.relative_to(folder))].append(image)
    for place, owners in _places_below_kinds(images, folder).items():
        if len(owners) == 1:
            by_place.setdefault(place, owners)
    found: dict[Path, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    there = [mask.relative_to(masks) for mask in images_under(masks, notes)]
    namesakes = _Namesakes(images, folder, there)
    for where in there:
        owners, how = _owners(where, by_place)
        if not owners:
            owners, how = namesakes.of(where)
        if len(owners) == 1:
            found[owners[0]][how].append(masks / where)
        else:
            notes.pass_over(AMBIGUOUS if owners else WITHOUT_IMAGE, masks / where)
    notes.remarks += [
        f"The masks in {theirs} are taken for photos in {others}, by their names alone."
        for theirs, others in namesakes.guessed
    ]
    return {image: _chosen(ways, notes) for image, ways in found.items()}


def holds_masks(folder: Path) -> bool:
    """Whether a folder is one of masks: by its name; one called "label" by those of its images too.

    Printed labels are parts as well; so there each image has to be called as a mask is ("000_label").
    """
    if not is_labels(folder.name):
        return is_masks(folder.name)
    return all(without_mask_ending(image.stem) for image in images_in(folder, Notes()))


def marks_something(mask: Path) -> bool:
    """Whether a mask marks any pixel; one that cannot be read is taken to, and said when it is read."""
    try:
        values, _ = mask_values(mask)
    except ImageError:
        return True
    return bool(values.any())


def marked_in(masks: dict[Path, tuple[Path, ...]]) -> set[Path]:
    """The photos in which some mask of theirs marks something."""
    return {photo for photo, theirs in masks.items() if any(map(marks_something, theirs))}


def photos_under(folder: Path, notes: Notes) -> list[Path]:
    """The photos in a folder and its subfolders, sorted by path; masks and heat-maps are passed over."""

    def is_for_masks(folder: Path) -> bool:
        found = holds_masks(folder)
        if found:
            notes.pass_over(MASKS, *images_under(folder, notes))
        return found

    photos, _ = split_masks(images_under(folder, notes, is_for_masks), notes)
    return photos


def photos_with_masks(folder: Path, notes: Notes) -> tuple[list[Path], dict[Path, tuple[Path, ...]]]:
    """The photos in a folder and its subfolders, and photo to its masks, wherever in it they lie."""
    apart: list[Path] = []

    def is_for_masks(inside: Path) -> bool:
        if holds_masks(inside):
            apart.append(inside)
        return inside in apart

    photos, masks = split_masks(images_under(folder, notes, is_for_masks), notes)
    for each in apart:
        masks = joined(masks, masks_of(photos, folder, each, notes))
    return photos, masks


def joined(*all_masks: dict[Path, tuple[Path, ...]]) -> dict[Path, tuple[Path, ...]]:
    """Photo to its masks of several places: none takes the place of another."""
    photos = dict.fromkeys(photo for masks in all_masks for photo in masks)
    return {photo: tuple(mask for masks in all_masks for mask in masks.get(photo, ())) for photo in photos}


def check_each_belongs(notes: Notes) -> None:
    """See that no mask marks a defect of nobody knows which photo, where only masks tell what is defective.

    Raises:
        DatasetError: One does: the photo that is meant would be learnt as good.
    """
    for mask in notes.passed_over.get(AMBIGUOUS, ()):
        if marks_something(mask):
            raise DatasetError(
                f"{mask} marks a defect, and several images of its name may be meant: the right one would be "
                "learnt as good. Give the images different names."
            )


def photos_of_kind(folder: Path, notes: Notes) -> tuple[list[Path], dict[Path, tuple[Path, ...]]]:
    """The photos in a folder of one kind of parts, and photo to its masks where these lie in that folder too.

    Args:
        folder: Photos, in subfolders too; masks beside them or in a subfolder ("gt"). Where there is a
            subfolder "rgb", photos are in that (MVTec 3D-AD), and depth maps beside it are none.
        notes: Told of masks that belong to no photo.
    """
    inside = {key(path.name): path for path in subfolders(folder, notes)}
    place = inside.get(_RGB, folder)
    photos, masks = split_masks(images_under(place, notes, holds_masks), notes)
    for path in inside.values():
        if holds_masks(path):
            masks = joined(masks, masks_of(photos, place, path, notes))
    return photos, masks


def split_masks(images: Sequence[Path], notes: Notes) -> tuple[list[Path], dict[Path, tuple[Path, ...]]]:
    """The photos among images, and photo to the masks beside it: "000_mask.png" by "000.png".

    Pictures of a prediction are passed over: heat-maps beside their photo, or beside the mask of that name.
    """
    results = _predicted(images)
    for image, reason in results.items():
        notes.pass_over(reason, image)
    images = [image for image in images if image not in results]
    photo_of = masks_beside(images)
    often = Counter(_place(image) for image in images if image not in photo_of)
    masks: dict[Path, tuple[Path, ...]] = {}
    for mask, photo in photo_of.items():
        if often[_place(photo)] > 1:
            notes.pass_over(AMBIGUOUS, mask)
            continue
        masks[photo] = (*masks.get(photo, ()), mask)
        notes.pass_over(BESIDE, mask)
    return [image for image in images if image not in photo_of], masks


def masks_beside(images: Sequence[AnyPath]) -> dict[AnyPath, AnyPath]:
    """Mask to its photo, for the images that are masks by their names and lie beside what they are of."""
    places = {_place(image): image for image in images}
    found = {}
    for image in images:
        shorter = without_mask_ending(image.stem)
        photo = None if shorter is None else places.get((_place(image)[0], shorter))
        if photo is not None:
            found[image] = photo
    return found


def _predicted(images: Sequence[Path]) -> dict[Path, str]:
    """The pictures of predictions among images, and how they are known: nobody drew them."""
    places = {_place(image) for image in images}
    pictures = {_place(image): image for image in images if image.suffix.lower() == ".png"}
    found: dict[Path, str] = {}
    for (folders, stem), picture in pictures.items():
        shorter = without_heatmap_ending(stem)
        if shorter is not None:
            mask = pictures.get((folders, f"{shorter}_mask"))
            beside = (folders, shorter) in places
            if mask is not None or beside:
                found[picture] = HEATMAP_BESIDE if beside else PREDICTED
            if mask is not None:
                found[mask] = PREDICTED
    return found


def _places_below_kinds(images: Iterable[Path], folder: Path) -> dict[_Place, list[Path]]:
    """Defective images by their places below the folder of their kind: "cut/000" for "bad/cut/000.png"."""
    places: dict[_Place, list[Path]] = defaultdict(list)
    for image in images:
        folders, stem = _place(image.relative_to(folder))
        if len(folders) > 1 and not _in_good(image, folder):
            places[folders[1:], stem].append(image)
    return places


def _owners(where: PurePath, by_place: dict[_Place, list[Path]]) -> tuple[list[Path], str]:
    """The images that a mask is of by where it lies, and by which rule: "ending", "stem", or "folder"."""
    folders, _ = _place(where)
    for how, name in _names(where):
        if (folders, name) in by_place:
            return by_place[folders, name], how
    if folders and (folders[:-1], folders[-1]) in by_place:
        return by_place[folders[:-1], folders[-1]], "folder"
    return [], ""


class _Namesakes:
    """The images that a mask may be of by its name alone, where no folder tells."""

    def __init__(self, images: Sequence[Path], folder: Path, masks: Iterable[PurePath]) -> None:
        self._folder = folder
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for image in sorted(images, key=lambda image: _in_good(image, folder)):
            if not (_in_good(image, folder) and self._by_stem[key(image.stem)]):
                self._by_stem[key(image.stem)].append(image)
        kinds = {_kind(image.relative_to(folder)) for image in images} - {""}
        self._told_by_kind = any(_kind(mask) in kinds for mask in masks)
        self.guessed: dict[tuple[str, str], None] = {}
        """Folder of masks and folder of images that are called otherwise, and were put together."""

    def of(self, mask: PurePath) -> tuple[list[Path], str]:
        """The images, and by which rule: "ending" or "stem"."""
        named = ((self._by_stem[name], how) for how, name in _names(mask) if self._by_stem.get(name))
        owners, how = next(named, ([], ""))
        strangers = [owner for owner in owners if len({_kind(mask), self._kind_of(owner)} - {""}) == 2]
        if self._told_by_kind:
            return [owner for owner in owners if owner not in strangers], how
        for stranger in strangers if len(owners) == 1 else ():
            self.guessed[mask.parts[0], stranger.relative_to(self._folder).parts[0]] = None
        return owners, how

    def _kind_of(self, image: Path) -> str:
        return _kind(image.relative_to(self._folder))


def _names(mask: PurePath) -> list[tuple[str, str]]:
    """What the image of a mask may be called, and by which rule."""
    shorter = without_mask_ending(mask.stem)
    stem = ("stem", key(mask.stem))
    return [stem] if shorter is None else [stem, ("ending", shorter)]


def _kind(where: PurePath) -> str:
    """The folder of a kind of parts that a file lies in, as names are compared; none if that says nothing."""
    first = where.parts[0] if len(where.parts) > 1 else ""
    return "" if is_masks(first) or is_labels(first) or says_nothing(first) else key(first)


def _in_good(image: Path, folder: Path) -> bool:
    return is_good(image.relative_to(folder).parts[0])


def _chosen(ways: dict[str, list[Path]], notes: Notes) -> tuple[Path, ...]:
    """The masks of an image, where several ways lead to some; an ending that says so wins."""
    used = next(ways[how] for how in ("ending", "folder", "stem") if how in ways)
    notes.pass_over(SECOND, *(mask for masks in ways.values() if masks is not used for mask in masks))
    return tuple(used)


def _place(path: PurePath) -> _Place:
    return tuple(key(part) for part in path.parts[:-1]), key(path.stem)
