"""Small things that every room needs: cache, Markdown, pictures for a browser, colours, a rate limit.

Begin anywhere; no file here knows another room, and none loads torch.
"""
