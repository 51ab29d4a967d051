"""The kinds of things that are backed up: how each is fetched, checked and restored."""
