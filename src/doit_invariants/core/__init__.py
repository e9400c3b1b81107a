"""Small values and string helpers that every other package uses. No I/O."""
