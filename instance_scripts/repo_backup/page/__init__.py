"""The page: all runs at a destination, as one static file that needs no network.

``run_history`` reads the runs, ``view_model`` prepares them, ``charts`` draws, ``render`` writes
the file. Instances do not have this package, which alone needs a template engine.
"""
