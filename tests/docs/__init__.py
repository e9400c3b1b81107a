"""The documentation, as a test: its snippets are run, its reference is complete."""
