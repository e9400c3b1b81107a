"""Where results of tasks are kept, so that they can be taken back instead of made again.

The contract is in :mod:`doit_invariants.stores.base`; a store that keeps it in a directory is in
:mod:`doit_invariants.stores.local`.
"""
