"""Small things that every room needs: caches, Markdown, pictures, colours, folders, a rate limit.

Begin anywhere: no file here knows another room.
"""
