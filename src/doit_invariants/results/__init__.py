"""Results of tasks: split into parts to be kept, checked, and restored exactly."""
