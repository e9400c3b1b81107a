"""Files and directories: their states, and reading, writing and locking that loses nothing."""
