"""Trackers: plugins that add invariants for the actions of tasks automatically."""
