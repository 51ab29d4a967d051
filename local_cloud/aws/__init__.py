"""The AWS of the embedded cloud: the emulator, and what it lacks."""
