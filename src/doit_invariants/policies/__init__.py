"""Cache policies: their contract and the built-in ones."""
