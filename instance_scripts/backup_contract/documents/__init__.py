"""The documents at a destination, and those that commands print with ``--json``."""
