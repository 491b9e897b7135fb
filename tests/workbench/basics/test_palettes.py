from crr.visualization.colormap import colour_table
from workbench.basics.palettes import gradient


def test_the_legend_runs_through_the_same_colours():
    red, green, blue, _ = colour_table(transparent=False)[-1]
    assert gradient().endswith(f"rgb({red},{green},{blue}))")
