"""The style check of our prose: pages, docstrings, comments and messages.

``python -m tests.prose [PATH ...]`` prints a line for each finding, and exits with 1 if there is
one. It needs proselint, an extra of ``dev``. proselint's own checks run beside ours, which are in
:mod:`tests.prose.rules`.
"""
