"""The tests on CPython 3.14 that run where that Python is not installed: under Node, by Pyodide."""
