"""git's smart HTTP protocol: what a server lists, what it is asked for, what it answers."""
