"""Where archives lie: a directory or a bucket."""
