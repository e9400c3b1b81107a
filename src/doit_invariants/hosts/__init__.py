"""The programs that run tasks with the engine, one package each."""
