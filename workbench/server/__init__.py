"""What stands between the network and the screens: limits, headers, and memory that is given back.

A public workbench is visited by strangers. Begin with `app.py`, which says what guards there are, in the
order in which a request meets them; each is a file. Nothing here knows what a screen shows. Others use
`app.guards` and `memory.memory_given_back`.
"""
