"""Everything that depends on doit: loader, dependency manager, commands, reporters."""
