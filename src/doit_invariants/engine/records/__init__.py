"""What is kept of tasks in the database of the host."""
