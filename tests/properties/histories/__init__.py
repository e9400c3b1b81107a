"""Pipelines, and histories of what happens to them; see ``test_histories.py``."""
