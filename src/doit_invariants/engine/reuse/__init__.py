"""Results that are taken from a store or an export instead of being made again."""
