"""The code of loaded functions and classes, and of everything that they use."""
