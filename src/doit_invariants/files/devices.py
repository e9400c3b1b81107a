"""File systems whose files a kernel or a program makes up when they are read."""

from __future__ import annotations

import functools
import os

_MADE_UP = frozenset(
    {
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "efivarfs",
        "proc",
        "pstore",
        "securityfs",
        "sysfs",
        "tracefs",
    }
)


def is_made_up(device: int) -> bool:
    """Return whether files on a device say nothing of their content by size and times.

    :param device: as ``st_dev`` has it
    """
    return device in _devices()


@functools.lru_cache(maxsize=1)
def _devices() -> frozenset[int]:
    found: set[int] = set()
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                before, _, after = line.partition(" - ")
                sort = after.partition(" ")[0]
                if sort in _MADE_UP or sort.startswith("fuse."):
                    major, _, minor = before.split()[2].partition(":")
                    found.add(os.makedev(int(major), int(minor)))
    except (OSError, ValueError, IndexError):
        pass  # not Linux: there the size that differs has to do
    return frozenset(found)
