"""Image files of strangers, decoded in processes of their own that may take only so much memory and time.

A file that finds a way to fill the memory, to hang a decoder or to crash it ends one small process, and
whoever brought it reads a sentence. Begin with `sandbox.py` (which processes are asked about a file);
`room.py` is some of them and whose turn it is, `worker.py` is one seen from here, `child.py` is what runs in
it, `messages.py` is what both say to each other. Bytes go in and pixels come back through memory that both
hold.

Others use `sandbox.Sandbox`, and `messages.Limits`.
"""
