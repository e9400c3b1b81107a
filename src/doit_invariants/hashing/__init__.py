"""Digests of bytes and of Python values."""
