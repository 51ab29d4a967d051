"""What is done with the project by those who work on it: measure, scan, judge, document."""
