"""The files that actions see as changed."""

DOIT_CONFIG = {
    "verbosity": 2,
    "default_tasks": ["show:files", "show:target", "show:command"],
}


def show(dependencies, changed, targets):
    print("depends on", sorted(dependencies), "changed", sorted(changed))
    for target in targets:
        open(target, "w").close()


def make(name, **more):
    return {"name": name, "actions": [show], "file_dep": ["a.txt", "b.txt"], **more}


def task_show():
    yield make("files")
    yield make("target", targets=["target.out"])
    yield make("false", uptodate=[False])
    yield make("false and target", uptodate=[False], targets=["second.out"])
    yield make("command", actions=["echo changed %(changed)s"], uptodate=["test -e flag"])
