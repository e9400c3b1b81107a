"""What is tracked of the actions of tasks without being told to."""
