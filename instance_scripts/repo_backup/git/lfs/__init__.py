"""Git LFS: its pointers in history, and the protocol that gives what they point to."""
