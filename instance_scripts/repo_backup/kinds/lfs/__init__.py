"""The kind ``lfs-objects``: the large files that a repository's history points to."""
