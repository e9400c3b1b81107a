"""A store in a directory of the file system."""
