"""The commands' options, grouped by what they select."""
