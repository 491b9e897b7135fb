import io
import json

import pytest
from rich.console import Console

from crr.checkpoints.files import CheckpointInfo
from crr.cli.tables import checkpoints_table, figures_table, hub_table
from crr.cli.terminal import bars, echo, prediction_line, reporting
from crr.hub import HubModel, HubName
from crr.types import Progress

WIDTH = 80
FIGURES = dict.fromkeys(
    ("image_auroc", "image_ap", "image_f1max", "pixel_auroc", "pixel_ap", "pixel_f1max", "aupro"), 0.9876
)


def shown(table):
    console = Console(file=io.StringIO(), width=WIDTH)
    console.print(table)
    return console.file.getvalue()


def result(*names):
    categories = {name: {"images": 1234, **FIGURES} for name in names}
    return {"model": "crr-embedded", "categories": categories, "mean": {"images": 7404, **FIGURES}}


def test_figures_fit_80_columns_with_whole_names_and_headers():
    text = shown(figures_table(result("magnetic_tile", "mvtec_bottle")))
    for word in (
        "category",
        "I-AUROC",
        "I-AP",
        "I-F1",
        "P-AUROC",
        "P-AP",
        "P-F1",
        "AUPRO",
        "magnetic_tile",
        "mean",
    ):
        assert word in text.split(), word
    assert text.split().count("0.988") == 3 * 7
    assert "1234" in text
    assert "7404" in text
    assert "…" not in text


def test_long_names_are_folded_and_not_cut():
    name = "a_category_with_a_name_that_somebody_made_up_in_a_hurry"
    text = shown(figures_table(result(name)))
    assert name in "".join(line[:19].strip() for line in text.splitlines())
    assert "…" not in text
    assert "I-AUROC" in text


def test_missing_figures_and_markup_in_names():
    figures = result("[bold]bolt[/bold]", "[/]")
    figures["mean"]["aupro"] = None
    text = shown(figures_table(figures))
    assert "–" in text
    assert "[bold]bolt[/bold]" in text
    assert "[/]" in text


def test_checkpoints_fit_80_columns(tmp_path):
    names = ("ballscrew", "deeppcb", "magnetic_tile", "mvtec_bottle", "mvtec_screw", "pavement")
    info = CheckpointInfo(
        "crr-embedded", tmp_path, "crr", "tf_efficientnet_lite0", names, 9_400_000, "0123456789ab"
    )
    text = shown(checkpoints_table([info], {}))
    assert "…" not in text
    assert all(name in text for name in names)
    for word in ("crr-embedded", "tf_efficientnet_lite0", "9.4"):
        assert word in text


def test_names_of_any_length_are_folded_and_not_cut(tmp_path):
    name = "my-model-with-a-name-that-somebody-made-up-in-a-hurry-on-a-friday"
    encoder, category = "vit_base_patch16_clip_224.laion2b_ft_in12k_in1k", 3 * "category_"
    info = CheckpointInfo(name, tmp_path, "crr", encoder, (category, "b"), 1_234_500_000, "0123456789ab")
    lines = shown(checkpoints_table([info], {})).splitlines()
    start, end = lines[1].index("method"), lines[1].index("MB") - len("1234.5")
    parts = [slice(start), slice(start, end), slice(end, None)]
    columns = ["".join(line[part].strip() for line in lines[3:]) for part in parts]
    assert columns == [name, f"crr,{encoder}{category},b", "1234.5"]


def test_names_that_are_typed_are_whole(tmp_path):
    name = "some-factory/six-kinds-of-parts@0123456"
    names = ("magnetic_tile", "mvtec_bottle")
    encoder = "vit_base_patch14_reg4_dinov2.lvd142m"
    info = CheckpointInfo(name, tmp_path, "autoencoder", encoder, names, 9_400_000, "0123456789ab")
    assert name in shown(checkpoints_table([info], {}))
    card = {"license": "cc-by-nc-sa-4.0", "crr": {"method": "autoencoder", "encoder": encoder, "bytes": 9e6}}
    found = HubModel(HubName("some-factory/six-kinds-of-parts"), 40 * "a", {}, card, None, 3, False, False)
    text = shown(hub_table([found], {40 * "a"}))
    assert "some-factory/six-kinds-of-parts" in text
    assert "on this machine" in " ".join(text.split())
    assert "…" not in text


def test_control_characters_never_reach_the_terminal(tmp_path, capsys):
    wild, tame = "\x1b]0;title\x07\x9b31m\n.png", r"\x1b]0;title\x07\x9b31m\n.png"
    echo(wild)
    assert capsys.readouterr().out == tame + "\n"
    info = CheckpointInfo(wild, tmp_path, "crr", "resnet18", (wild,), 1, "0123456789ab")
    for table in (checkpoints_table([info], {}), figures_table(result(wild) | {"model": wild})):
        text = shown(table)
        assert not set(text) & {"\x1b", "\x07", "\x9b"}
        assert r"\x1b]0" in text


@pytest.mark.parametrize(
    ("row", "line", "colour"),
    [
        (
            {"path": "a[b].png", "page": 1, "score": 0.5, "verdict": "normal", "category": "bolt"},
            "normal        0.500  bolt  a[b].png",
            "green",
        ),
        (
            {"path": "s.tif", "page": 2, "score": 1.25, "verdict": "defective", "category": "bolt"},
            "defective     1.250  bolt  s.tif page 2",
            "red",
        ),
        (
            {"path": "ü.png", "page": 1, "score": 1.25, "verdict": "unknown part", "category": None},
            "unknown part  1.250  -  ü.png  (looks like nothing the model was trained on)",
            "yellow",
        ),
        (
            {"path": "b.png", "page": 1, "score": 0.0, "verdict": "no part seen", "category": "bolt"},
            "no part seen  0.000  bolt  b.png  (black, white, saturated, empty, or noise alone)",
            "yellow",
        ),
        (
            {"path": "x.png", "page": 1, "error": "x.png is empty."},
            "error         x.png is empty.",
            "red",
        ),
        (
            {"path": "x.tif", "page": 2, "error": "x.tif is cut off."},
            "error         x.tif page 2: x.tif is cut off.",
            "red",
        ),
    ],
)
def test_a_line_about_an_image(row, line, colour):
    assert prediction_line(row) == (line, colour)


def test_lines_are_printed_as_they_are(capsys):
    echo("a [red]bracket[/red] \udcff, " + 200 * "long ")
    echo("oh", error=True)
    out, err = capsys.readouterr()
    assert out == "a [red]bracket[/red] \\udcff, " + 200 * "long " + "\n"
    assert err == "oh\n"


def test_bars_show_every_stage_whole_at_80_columns():
    console = Console(file=io.StringIO(), width=WIDTH, force_terminal=True, color_system=None)
    with bars(console) as show:
        show(Progress("check", 1280, 1280, images_per_second=690.0, seconds_left=None))
        show(Progress("repair", 1320, 2000, {"repair": 0.4736}, 10.4, 3204.4))
        show(Progress("statistics", 700, 1280, images_per_second=20.1, seconds_left=45.2))
        show(Progress("segmentation", 120, 700, {"segmentation": 0.0513}, 11.2, 3700.0))
        show(Progress("calibration", 12, 576, images_per_second=20.0, seconds_left=28.0))
    text = console.file.getvalue()
    for part in (
        "1280/1280 690 images/s",
        "1320/2000 loss 0.474  10 images/s  53 min left",
        "700/1280 20 images/s  45 s left",
        "120/700 loss 0.051  11 images/s  1 h 02 min left",
        "12/576 20 images/s  28 s left",
    ):
        assert part in text, part
    assert "…" not in text
    assert "━" in text


def test_json_lines_hold_every_field(capsys):
    with reporting("json") as show:
        show(Progress("repair", 3, 9, {"repair": 0.5}, 8.0, 12.5))
        show(Progress("check", 1, 1))
    out, err = capsys.readouterr()
    assert err == ""
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "stage": "repair",
            "step": 3,
            "total": 9,
            "losses": {"repair": 0.5},
            "images_per_second": 8.0,
            "seconds_left": 12.5,
        },
        {
            "stage": "check",
            "step": 1,
            "total": 1,
            "losses": {},
            "images_per_second": None,
            "seconds_left": None,
        },
    ]


def test_no_progress_is_no_callback(capsys):
    with reporting("none") as show:
        assert show is None
    assert capsys.readouterr() == ("", "")


def test_bars_go_to_stderr(capsys):
    with reporting("bar") as show:
        show(Progress("repair", 1, 2))
        print("a result")
    out, err = capsys.readouterr()
    assert out == "a result\n"
    assert "repair" in err
