"""Pictures for people: the colours of an anomaly map, and sheets of many small pictures.

Begin with `colormap.py`. Others use `colormap.overlay`, `colormap.colour_table` and
`contact_sheet.write_sheet`. No model is asked here.
"""
