"""How fast, how small: this program, its rivals and the limit, over the same generated account."""
