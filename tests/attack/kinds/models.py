"""Attacks with models: what anybody may publish on the Hub, and have the workbench pull and open."""

import hashlib
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from safetensors.numpy import save

from tests.attack.space import ROOT
from tests.attack.stage import Stage, own_address, told
from tests.attack.visitor import Refused, Visitor

_MODEL = ROOT / "checkpoints" / "crr-embedded"
_CARD = b"---\nlicense: mit\nlibrary_name: crr\n---\n# A model\n"
_LONGEST = 60.0  # seconds that a pull may take
_OPENERS = 4

Config = dict[str, Any]


def categories(stage: Stage) -> str:
    """A config of 30,000 categories, with the weights of the embedded model."""

    def change(config: Config) -> None:
        config |= {"categories": [f"part {number}" for number in range(30_000)], "calibration": []}

    return _bomb(stage, "a/categories", change, _weights())


def crop(stage: Stage) -> str:
    """A config whose network sees images of 8192 pixels, with one number as its weights."""
    return _bomb(
        stage, "a/crop", lambda config: config["encoder"].update(resize=8192, crop=8192), _one_number()
    )


def width(stage: Stage) -> str:
    """A config of layers 8192 wide, with one number as its weights."""
    wide = {"width": 8192, "bottleneck_width": 8192, "blocks": 2}
    return _bomb(stage, "a/width", lambda config: config["decoder"].update(wide), _one_number())


def maps(stage: Stage) -> str:
    """Configs of maps of 8192 and of 2048 pixels, blurred over all of it; the weights are those embedded."""

    def sized(side: int) -> str:
        large = {"map_size": side, "blur_kernel": side - 1}
        return _bomb(stage, f"a/maps{side}", lambda config: config["prediction"].update(large), _weights())

    return f"{sized(8192)}; {sized(2048)}"


def aliases(stage: Stage) -> str:
    """A card of 400 bytes whose licence is a list of a hundred million, by YAML's aliases."""
    levels = "abcdefgh"
    lines = ["a: &a [" + ", ".join(["x"] * 10) + "]"]
    lines += [
        f"{here}: &{here} [" + ", ".join([f"*{above}"] * 10) + "]"
        for above, here in itertools.pairwise(levels)
    ]
    return _card(stage, "a/aliases", "\n".join([*lines, f"license: *{levels[-1]}"]))


def nested(stage: Stage) -> str:
    """A card whose licence is a list in a list in a list, 30,000 deep."""
    return _card(stage, "a/nested", "license: " + "[" * 30_000 + "]" * 30_000)


def words(stage: Stage) -> str:
    """Cards with a mapping where a word should stand, half a character, and a name of the client's own."""
    figure = (
        "task: {type: [a]}, dataset: {type: {b: c}, name: all categories}, metrics: [{type: [c], value: 1}]"
    )
    heads = {
        "a/mapping": f"model_name: x\nmodel-index:\n- name: x\n  results:\n  - {{{figure}}}",
        "a/half": 'license: "\\ud800"\ncrr: {method: "\\udfff", layers: ["\\ud800"], categories: [{a: b}]}',
        "a/own": "license: mit\nto_dict: 3\nto_yaml: 3",
        "a/index": 'license: !!int ""',
    }
    said = [_card(stage, name, head) for name, head in heads.items()]
    searcher = stage.visitor()
    searcher.open("models")
    return "; ".join(dict.fromkeys([*said, "broken" if searcher.screen.broken else "looked"]))


def heavy(stage: Stage) -> str:
    """A model of 500 MB that is pulled while five visitors look at the page Models."""
    config = _config()
    config["weights_digest"] = ""
    files = _files(config, save({"weights": _bytes(stage.size.of(500_000_000))}))
    _publish(stage, "a/heavy", files)

    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number), patience=_LONGEST)
        if number == 0:
            return _pulled(visitor, "a/heavy")
        for _ in range(stage.size.of(10, least=3)):
            visitor.open("models")
        return "looked"

    return stage.together(6, work)


def _bomb(stage: Stage, name: str, change: Callable[[Config], None], weights: bytes) -> str:
    """Publish a changed config, have a visitor pull it, and four open it by a link at once, twice."""
    config = _config()
    change(config)
    config["weights_digest"] = hashlib.sha256(weights).hexdigest()[:12]
    _publish(stage, name, _files(config, weights))
    came = _pulled(stage.visitor(), name)

    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number))
        visitor.open("", f"model={name}")
        return told(visitor.open("", f"model={name}&sample=screw_good").said)

    return f"{came}; {stage.together(_OPENERS, work)}"


def _card(stage: Stage, name: str, head: str) -> str:
    """Publish a model with such metadata, have a visitor pull it, and four look at the page Models."""
    files = _files(_config(), _weights()) | {"README.md": f"---\n{head}\n---\n# A model\n".encode()}
    _publish(stage, name, files, told_by_hub={})
    came = _pulled(stage.visitor(), name)

    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number))
        return "looked" if not visitor.open("models").broken else "broken"

    return f"{came}; {stage.together(_OPENERS, work)}"


def _publish(
    stage: Stage, name: str, files: dict[str, bytes], told_by_hub: dict[str, Any] | None = None
) -> None:
    stage.space.hub.add(name, files)
    stage.space.hub.repos[name].told = told_by_hub


def _pulled(visitor: Visitor, name: str) -> str:
    """What a visitor is told who has a model pulled, by its address on the page Models."""
    before = visitor.open("models").said
    visitor.enter("Address", name)
    screen = visitor.click("Pull")
    end = time.monotonic() + _LONGEST
    while screen.said == before:
        if time.monotonic() > end:
            raise Refused(f"the pull of {name} takes more than {_LONGEST:.0f} s")
        time.sleep(0.3)
        screen = visitor.run()
    return next(said for said in screen.said if said not in before)


def _files(config: Config, weights: bytes) -> dict[str, bytes]:
    return {
        "config.json": json.dumps(config).encode(),
        "model.safetensors": weights,
        "README.md": _CARD,
    }


def _config() -> Config:
    config: Config = json.loads((_MODEL / "config.json").read_text(encoding="utf-8"))
    return config


def _weights() -> bytes:
    return (_MODEL / "model.safetensors").read_bytes()


def _one_number() -> bytes:
    return save({"weights": np.zeros(1, np.float32)})


def _bytes(count: int) -> Any:
    return np.zeros(count, np.uint8)
