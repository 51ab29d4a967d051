"""The destination of a backup: a directory or a bucket."""
