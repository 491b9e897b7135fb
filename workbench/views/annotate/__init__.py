"""The page Annotate: who reviews, which project, and the desk at which images come by.

Begin with `page.py`, which puts it together. `access.py` says who may review, `projects.py` makes and keeps
projects, `sources.py` is where their images come from, `filters.py` chooses what comes next, `desk.py` and
`component.py` are the desk in the browser, `agreement.py` sets two opinions beside each other, `limits.py`
chooses a model's limits, `taking_away.py` exports.
"""
