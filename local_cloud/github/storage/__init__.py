"""What the stand-in keeps beside git: large files and releases, at hosts that take no token."""
