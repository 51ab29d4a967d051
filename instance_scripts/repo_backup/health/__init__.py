"""Gathers the facts for ``status`` and ``estimate``: whether backups are good, what they cost."""
