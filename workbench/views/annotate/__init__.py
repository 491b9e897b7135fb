"""The page Annotate: who reviews, which project, and the desk at which images come by.

Begin with `page.py`, which puts it together. `access.py` says who may review, `projects.py` makes and keeps
projects, `sources.py` is where their images come from, `desk.py` chooses what comes next,
`component.py` is the desk in the browser, `taking_away.py` exports.
"""
