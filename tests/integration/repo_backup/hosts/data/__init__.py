"""Reading a repository's data from the stand-in."""
