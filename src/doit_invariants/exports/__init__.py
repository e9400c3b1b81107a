"""Export targets to a directory after a run, and restore them from there."""
