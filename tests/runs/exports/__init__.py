"""Tests of exports, by runs of doit."""
