"""What the backup program and the functions must agree on: keys, documents, options, rules.

It uses only the standard library. Each artifact contains all of it.
"""

__version__ = "0.2.0"
