"""How an action reaches a sandbox, and how what it made comes back.

Study code is gathered by bytes, pinned by digest, laid out read-only beside the one thing it may read, and run behind
the walls of ``sandboxes``. Refuses to run anything bare.
"""
