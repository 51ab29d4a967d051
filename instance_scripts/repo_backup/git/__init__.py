"""git: smart HTTP, mirrors, checks, pushes. No other package starts git."""
