"""Forked processes that do something and end."""

from __future__ import annotations

import os
from collections.abc import Callable


def in_child(action: Callable[[], None]) -> int:
    """Start a forked process that does something; return its id."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            action()
            code = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    return pid


def succeeded(pid: int) -> None:
    """Wait for a process, which must end well."""
    assert os.waitpid(pid, 0)[1] == 0
