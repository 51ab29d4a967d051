"""What a measured backup talks to: GitHub and AWS as stand-ins, and what lies between."""
