"""Source files and command lines as texts: nothing is imported or executed to understand them."""
