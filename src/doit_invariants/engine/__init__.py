"""What becomes of a task, whoever runs it: its verdict, its plan, its record. Knows no host."""
