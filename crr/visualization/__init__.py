"""Pictures for people: the colours of an anomaly map, and sheets of many small pictures.

Begin with `colormap.py`. Others use `colormap.colourised` and `contact_sheet.write_sheet`. It asks no
model.
"""
