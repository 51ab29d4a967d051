"""The benchmark of a year's weekly changes of real histories."""
