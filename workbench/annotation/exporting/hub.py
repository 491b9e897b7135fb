"""A data set as the Hugging Face Hub shows one: images, masks, what was said in `metadata.jsonl`, and a card.

    README.md                   the card: what it is, and under which licence
    images/ masks/              a mask an image, 255 where a part is marked; black for a good part
    metadata.jsonl              a line an image

Who said something, and notes, stay here: names of people and what they write for each other are not public.
Reference: https://huggingface.co/docs/datasets/image_dataset, ImageFolder.
"""

import json
from collections import Counter
from pathlib import Path

from workbench.annotation.exporting.mvtec import write_mask
from workbench.annotation.exporting.selection import Pictures, Reviewed, Selection, stem_of
from workbench.annotation.records import Advance

FILE, CARD = "metadata.jsonl", "README.md"
TAG = "crr-annotations"
"""By which a data set that was published from here is known as one that may be replaced."""


def write_hub(selection: Selection, folder: Path, advance: Advance, *, licence: str) -> None:
    """Write the data set.

    Args:
        selection: What is exported.
        folder: Empty.
        advance: Told of each image.
        licence: By the Hub's name for it, such as "cc-by-4.0".
    """
    pictures = Pictures(selection, folder / "images", advance)
    counts: Counter[str] = Counter()
    with (folder / FILE).open("w", encoding="utf-8") as file:
        for one in selection:
            name = pictures.copy(one, stem_of(one))
            if name is None:
                continue
            mask = Path("masks") / Path(name).with_suffix(".png")
            write_mask(one, folder / mask)
            counts[one.revision.review.judgement] += 1
            file.write(json.dumps(_line(one, name, mask), ensure_ascii=False) + "\n")
    pictures.close()
    (folder / CARD).write_text(_card(selection, counts, licence), encoding="utf-8")
    selection.report.notes.append(
        "Names of people and notes are not in it. Photos are as they were, with what a camera wrote into "
        "them, such as time and place: look before you publish."
    )


def _line(one: Reviewed, name: str, mask: Path) -> dict[str, object]:
    review = one.revision.review
    return {
        "file_name": f"images/{name}",
        "mask_file_name": mask.as_posix(),
        "judgement": review.judgement,
        "part": one.item.image.category,
        "severity": review.severity or "",
        "tags": list(review.tags),
        "classes": [region.category for region in review.regions],
    }


def _card(selection: Selection, counts: Counter[str], licence: str) -> str:
    name = " ".join(selection.project.name.split())
    rows = [f"| {judgement} | {count} |" for judgement, count in sorted(counts.items())]
    return "\n".join(
        [
            "---",
            f"license: {licence}",
            f"tags: [{TAG}, anomaly-detection, anomaly-segmentation]",
            "task_categories: [image-segmentation]",
            "---",
            f"# {name}",
            "",
            "Photos of parts that people judged and marked beside a model's anomaly map, exported by the CRR",
            "Workbench. `masks/` has a mask for each image, 255 where a part is marked.",
            "",
            "| judged | images |",
            "|---|---|",
            *rows,
            "",
            f"Classes of marked parts: {', '.join(selection.classes)}.",
            "",
        ]
    )
