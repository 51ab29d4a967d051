"""``prune-objects``: finds and removes binaries that no restorable archive refers to."""
