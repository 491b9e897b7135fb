"""What the page Annotate asks while somebody reviews: the next image, what models say, drafts and saves.

Begin with `service.py`, which answers, and `routes.py`, which hears it over HTTP: a review waits for no rerun
of a page, and a browser whose connection was away sends what it kept again. `tickets.py` says who asks,
`messages.py` what may be asked, `drawing.py` makes masks of what was drawn and of anomaly maps, `asking.py`
asks a model, `answers.py` keeps what models said, `scoring.py` has them asked in the background, `causes.py`
measures why one failed, `limits.py` what limits people's words would choose.

Others use `service.ReviewService`, `tickets.Tickets` and `routes.review_routes`.
"""
