"""Unit tests: where the logic is pure."""
