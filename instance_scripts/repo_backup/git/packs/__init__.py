"""Packs: their indexes, the types and links of their objects, and packs of new objects."""
