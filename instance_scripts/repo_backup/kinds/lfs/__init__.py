"""The kind ``lfs-objects``: which large files a repository's history points to, and their bytes."""
