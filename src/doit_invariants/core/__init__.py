"""Small values and texts that every other package uses. No I/O."""
