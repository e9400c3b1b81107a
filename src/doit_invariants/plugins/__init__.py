"""The plugin system: hook specifications, the manager, the registry, the settings."""
