"""The states of files and directories, and safe ways to read, write and lock files."""
