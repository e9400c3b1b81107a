"""Analyzes source files without importing or executing them."""
