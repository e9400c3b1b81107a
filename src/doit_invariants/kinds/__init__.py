"""The built-in kinds, one module each; they do not import each other."""
