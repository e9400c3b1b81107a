"""The items that ``uptodate`` may have."""

import os
from datetime import timedelta

from doit import get_var
from doit.tools import check_timestamp_unchanged, config_changed, run_once, timeout


def once_more(task, values, limit):
    runs = values.get("runs", 0)
    task.value_savers.append(lambda: {"runs": runs + 1})
    return runs >= limit


def exists():
    return os.path.exists("flag")


class Always:
    def __call__(self):
        return True


UPTODATE = {
    "text": config_changed(get_var("level", "1")),
    "dict": config_changed({"b": 1, "a": [get_var("level", "1"), None]}),
    "once": run_once,
    "hour": timeout(timedelta(hours=1)),
    "expired": timeout(0),
    "timestamp": check_timestamp_unchanged("watched", "mtime"),
    "true": True,
    "false": False,
    "none": None,
    "command": "test -e flag",
    "function": exists,
    "arguments": (once_more, [2]),
    "keywords": (once_more, [], {"limit": 1}),
    "object": Always(),
}


def task_one():
    for name, item in UPTODATE.items():
        yield {"name": name, "actions": ["echo run"], "uptodate": [item]}


def task_several():
    return {"actions": ["echo run"], "uptodate": [True, None, exists]}


def task_with_target():
    return {"actions": ["touch made"], "targets": ["made"], "uptodate": [run_once]}
