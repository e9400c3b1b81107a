"""The built-in cache policies, one module each."""
