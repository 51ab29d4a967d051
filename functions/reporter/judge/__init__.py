"""What a finished run is worth: verdict, differences, cost. Pure."""
