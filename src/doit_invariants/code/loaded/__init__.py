"""The code of loaded functions and classes, and of all that they use."""
