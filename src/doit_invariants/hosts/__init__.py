"""Programs that run tasks with the engine: one package for each."""
