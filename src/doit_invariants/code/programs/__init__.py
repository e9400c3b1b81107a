"""Command lines: which scripts of the project they run."""
