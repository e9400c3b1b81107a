"""Targets beside the project: exported to a directory after a run, and restored from there."""
