"""git: smart HTTP, mirrors, checks, pushes; the one package that starts git."""
