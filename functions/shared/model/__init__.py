"""What a run is, and when one is due. Pure."""
