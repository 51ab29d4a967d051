"""``make bench PART=objects``: large files, each stored once."""
