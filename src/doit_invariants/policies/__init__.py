"""Cache policies: their contract, and those that come with the package."""
