"""Everything that meets doit: the loader, the dependency manager, the commands, the reporters."""
