"""What the launcher and the reporter have in common: the run, the bucket's layout, the errors."""
