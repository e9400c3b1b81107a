"""Finds the scripts of the project that command lines run."""
