"""Our own browser components: Python that hands plain values over, JavaScript and CSS in `frontend/`.

Begin with `canvas.py` (paint on a picture), `picture.py` (zoom into one) and `panels.py` (several at the
same place). `drawing.py` says what is handed over, `strokes.py` what comes back, `window.py` what a window
does by itself, and `errors.py` makes sentences of errors, of pages and of callbacks. It imports `crr` types
and `workbench.basics` only. Views use `canvas.show_canvas`, `picture.show_picture`, `panels.show_panels`,
`window.tend_window`, `errors.plain_errors` and `errors.guarded`.
"""
