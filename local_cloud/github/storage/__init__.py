"""The storage of LFS objects, release assets and attachments, at hosts that accept no token."""
