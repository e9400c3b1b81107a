"""The code that tasks run: loaded functions, source files, and the commands that start programs."""
