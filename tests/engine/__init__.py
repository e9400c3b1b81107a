"""The engine without doit: another host drives it."""
