"""The run, its states, and its stored document. Pure."""
