"""Stores, which keep results of tasks so that they can be restored instead of made again.

The contract is in :mod:`doit_invariants.stores.base`. A store that keeps results in a directory is
in :mod:`doit_invariants.stores.local`.
"""
