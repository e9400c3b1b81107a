"""The engine: the verdict, the plan and the record of a task. It does not know the host."""
