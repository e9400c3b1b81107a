"""Tests of plugins, by runs of doit."""
