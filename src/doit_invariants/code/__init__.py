"""The code that tasks run: loaded functions, source files, and commands that start programs."""
