"""Tests of how tasks and settings are loaded."""
