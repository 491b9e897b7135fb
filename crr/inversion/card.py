"""The card of an inversion network: what it is, that it illustrates only, and how well it paints."""

from collections.abc import Mapping
from typing import Any

from crr.anomalies import HELD_OUT
from crr.checkpoints.model_card import marked, rewrite_card, with_block
from crr.inversion.network import InversionConfig
from crr.runtime.paths import StrPath

_BLOCK = "inversion"
_NOT_YET = "Not measured yet: `crr evaluate-inversion --inversion DIR --models NAMES --data DIR --card`."


def inversion_card(config: InversionConfig, counts: Mapping[str, int]) -> str:
    """The card of a network that was just trained; `counts` are good images a category."""
    rows = "\n".join(f"| {name} | {count} |" for name, count in counts.items())
    return f"""---
library_name: crr
tags:
- anomaly-detection
- feature-inversion
license: other
---

# Inversion network for {config.encoder.name}

Turns the features of one frozen encoder (`{config.encoder.name}`, {config.encoder.crop} px, weights
`{config.encoder_digest}`) back into a picture. The workbench paints with it what an encoder saw and what a
decoder answered.

**An illustration, not evidence.** No score, map or index uses it. It never saw a decoder's answer in
training, and where the picture of the encoder's own features (the control) does not show a damage, the
picture of an answer means nothing.

- Trained for {config.iterations} iterations on {config.batch_size} good images each and as many damaged
  copies (kinds of damage that models train with), seed {config.seed}; no test image was read.
- It paints half of the images from some of the layers only, so that it looks at all of them.

| category | good images |
|---|---|
{rows}

The licence of the weights follows from the licences of these images: set `license` above before publishing.

## Figures

{marked(_BLOCK, _NOT_YET)}
"""


def _kind(name: str) -> str:
    return f'damage "{name}"{", held out of every training" if name in HELD_OUT else ""}'


def write_inversion_figures(folder: StrPath, report: Mapping[str, Any], command: str) -> None:
    """Write the table of an `InversionReport` into the card in `folder`; `command` measured it."""
    names = list(report["mean"]["repaired"])
    answered = [f"{name}: answer nearer to the clean part" for name in names]
    heads = [
        "",
        "damaged images",
        "PSNR",
        "inside the damage",
        "clean part inside",
        "control shows it",
    ]
    rows = [f"| {' | '.join([*heads, *answered])} |", "|---" * (len(heads) + len(answered)) + "|"]
    kinds = [(_kind(name), figures) for name, figures in report["kinds"].items()]
    for name, figures in [*report["categories"].items(), ("**mean**", report["mean"]), *kinds]:
        decibels = [f"{figures[key]:.1f} dB" for key in ("psnr", "psnr_inside", "psnr_clean")]
        shares = [figures["shows"], *(figures["repaired"][model] for model in names)]
        cells = [name, str(figures["images"]), *decibels, *(f"{100 * share:.0f} %" for share in shares)]
        rows.append(f"| {' | '.join(cells)} |")
    text = "\n".join(
        [
            f"Measured by `{command}`:",
            "",
            *rows,
            "",
            "On normal test images, each damaged with every kind of damage; below the mean by kind.",
            "PSNR is that of the control, the picture of the encoder's features, against the damaged image;",
            '"clean part inside" is what a picture without the damage would reach there. The control shows a',
            "damage if it is nearer to the damaged image than to the clean one, inside the damage. The last",
            "columns say the opposite of decoders' answers: the share of damages whose picture is nearer to",
            "the clean part.",
        ]
    )
    rewrite_card(folder, lambda card: with_block(card, _BLOCK, "Figures", text))
