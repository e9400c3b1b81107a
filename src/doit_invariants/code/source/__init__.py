"""Source files as texts: nothing is imported or executed to understand them."""
