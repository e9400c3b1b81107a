"""doit's three backends, read in one go, written at once, and safe from what ends a process."""
