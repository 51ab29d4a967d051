"""GitHub, as the program reads it."""
