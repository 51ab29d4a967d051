"""Overlays: what is fetched, proven, stored and restored of a repository that grows."""
