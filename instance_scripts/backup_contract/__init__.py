"""What the backup program and the functions must agree on: keys, documents, options, rules.

Standard library only. Each artifact carries it whole.
"""

__version__ = "0.2.0"
