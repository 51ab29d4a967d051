"""The page: what all runs left at a destination, as one static file that needs no network.

Read (``chronicle``), thought about (``model``), drawn (``charts``) and written (``page``). It is no
part of what instances run, and only it needs a template engine and a chart library.
"""
