"""Git LFS: pointers in the history, and the batch API that serves their objects."""
