"""The kinds that are git: a repository and its wiki, each a mirror with a chain of archives."""
