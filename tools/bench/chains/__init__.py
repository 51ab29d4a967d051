"""The benchmark of the reporter's check of chains of overlays."""
