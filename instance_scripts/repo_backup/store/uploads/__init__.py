"""What goes to a bucket: archives, in parts, and binaries, under their SHA-256."""
