"""What a task made: taken apart to be kept, checked, and put back as it was."""
