"""What all pages have: head and sidebar, the gallery, the visitor's session, the services of the process.

Begin with `page.py`, then `services.py` and `session.py`; `address.py` is about Back and forward, `visit.py`
about a visit that the server forgot, `controls.py` about widgets that something else than a click changes.
What is asked for before the gallery is drawn loads no torch: it takes seconds, and the gallery is on the
screen meanwhile.
"""
