"""What all pages have: head and sidebar, the gallery, the visitor's session, progress.

Begin with `page.py`.
"""
