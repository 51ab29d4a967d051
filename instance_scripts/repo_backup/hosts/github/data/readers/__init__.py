"""Readers of project data: one module for each family of sections that GitHub serves alike."""
