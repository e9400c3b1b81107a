"""What the file system holds: states of files and directories, and writing that loses nothing."""
