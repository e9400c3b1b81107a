"""The store in a directory of the file system."""
