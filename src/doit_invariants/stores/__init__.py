"""Where results of tasks are kept, so that they can be taken back instead of made again.

Every kind of store is a module here with a class that keeps the contract in
:mod:`doit_invariants.stores.base`.
"""
