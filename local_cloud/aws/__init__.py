"""The AWS of the embedded cloud: the emulator, and the behaviour that it lacks."""
