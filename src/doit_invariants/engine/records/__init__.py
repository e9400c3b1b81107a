"""What the host's DB keeps about tasks: records, saved values, and flags."""
