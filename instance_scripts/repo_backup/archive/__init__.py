"""Archives: bare repositories as zips, written and read."""
