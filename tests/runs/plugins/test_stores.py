"""A store that a plugin brings, written with public names alone."""

from __future__ import annotations

from tests.support import Make

STORE = '''
import json, os, shutil
import xxhash
from doit_invariants import (
    PruneLimits, Pruned, Store, StoredEntry, StoreError, StoreOptions, Verification, hookimpl,
)

class Flat(Store):
    """A store of plain files."""

    name = "flat"

    def __init__(self, location: str, options: StoreOptions = StoreOptions()) -> None:
        super().__init__(os.path.abspath(location), options)

    def _path(self, key: str) -> str:
        if os.path.exists(os.path.join(self.location, "closed")):
            raise StoreError("the flat store is closed today")
        os.makedirs(self.location, exist_ok=True)
        return os.path.join(self.location, key.replace(":", "-"))

    def find(self, signature):
        return self.peek(signature)

    def peek(self, signature):
        path = self._path(signature)
        if not os.path.exists(path):
            return None
        with open(path) as stream:
            return json.load(stream)

    def add(self, signature, entry):
        with open(self._path(signature), "w") as stream:
            json.dump(entry, stream)
        return None

    def put(self, path):
        with open(path, "rb") as stream:
            content = stream.read()
        digest = "xxh3_128:" + xxhash.xxh3_128_hexdigest(content)
        shutil.copyfile(path, self._path(digest))
        return digest, len(content)

    def fetch(self, digest, size, path, mode):
        shutil.copyfile(self._path(digest), path)
        os.chmod(path, mode)

    def remove(self, signature):
        os.remove(self._path(signature))

    def entries(self):
        for name in os.listdir(self.location):
            with open(os.path.join(self.location, name)) as stream:
                text = stream.read()
            if text.startswith("{"):
                entry = json.loads(text)
                yield StoredEntry(entry["signature"], entry, None, 0.0, len(text))

    def verify(self, progress=None):
        return Verification(entries=len(list(self.entries())))

    def prune(self, limits: PruneLimits) -> Pruned:
        return Pruned(kept=len(list(self.entries())), skipped="nothing is ever removed here")

    def close(self):
        pass

@hookimpl
def invariants_register_stores():
    return [Flat]

def task_a():
    return {"actions": ["cp in out"], "file_dep": ["in"], "targets": ["out"], "cache": "shared"}
'''
SETTINGS = {"store": "flat://../flat"}


def test_results_go_into_a_store_of_a_plugin_and_out_of_it(doit_project: Make) -> None:
    """It is chosen by its name, listed, checked and pruned, in worker processes too."""
    files = {"dodo.py": STORE, "in": "text"}
    doit_project(files, settings=SETTINGS, name="one").run().assert_executed("a")
    other = doit_project(files, settings=SETTINGS, name="other")
    outcome = other.run("-n", "2")
    assert "restored from the store" in outcome.stdout
    assert other.read("out") == "text"
    assert {
        "name": "flat",
        "plugin": "dodo",
        "summary": "A store of plain files.",
    } in other.run("invariants", "kinds", "--json").json()["stores"]
    assert "1 entries" in other.run("invariants", "store", "ls").stdout
    assert "1 entries" in other.run("invariants", "store", "verify").stdout
    assert "nothing is ever removed" in other.run("invariants", "store", "prune").stdout


def test_a_store_that_fails_costs_a_run(doit_project: Make) -> None:
    """A ``StoreError`` is reported, and the task runs."""
    project = doit_project(
        {"dodo.py": STORE, "in": "text", "../flat/closed": ""}, settings=SETTINGS
    )
    outcome = project.run().assert_executed("a")
    assert "the flat store is closed today" in outcome.stdout + outcome.stderr
