"""What the store costs: `python -m tests.benchmarks.store`; ratios in one run.

Many small results restored, against running the command that makes them; one large result put
and restored, against `cp`; a look-up that misses in a store with many entries.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from doit_invariants.stores.base import StoreOptions
from doit_invariants.stores.local.store import DirectoryStore
from doit_invariants.testing import settings_toml

SMALL, ENTRIES, LARGE = 1_000, 100_000, 1 << 30

DODO = f"""
def task_copy():
    for n in range({SMALL}):
        yield {{"name": str(n), "actions": [f"cp in/{{n}} out/{{n}}"], "file_dep": [f"in/{{n}}"],
               "targets": [f"out/{{n}}"]CACHE}}
"""


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def make_project(path: Path, *, shared: bool) -> None:
    """Write a project that copies many small files, by doit alone or with the store."""
    for name in ("in", "out"):
        (path / name).mkdir(parents=True)
    for number in range(SMALL):
        (path / "in" / str(number)).write_text(f"{number}\n" * 100)
    settings = {"store": "../store"} if shared else None
    text = settings_toml(backend="sqlite3", loader=shared, settings=settings)
    (path / "pyproject.toml").write_text(text)
    cache = ', "cache": "shared"' if shared else ""
    (path / "dodo.py").write_text(DODO.replace("CACHE", cache))


def run(path: Path) -> None:
    """Run doit."""
    subprocess.run([sys.executable, "-m", "doit", "-o", os.devnull], cwd=path, check=True)


def small(root: Path, rounds: int) -> Iterator[str]:
    """Compare restoring many small targets with making them."""
    sides = {"doit runs cp": False, "restored": True}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for name, shared in sides.items():
        make_project(root / name, shared=shared)
        run(root / name)
    for _ in range(rounds):
        for name in sides:
            for target in (root / name / "out").iterdir():
                target.unlink()
            times[name].append(timed(functools.partial(run, root / name)))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, seconds in medians.items():
        yield f"{SMALL} small targets, {name}: {seconds:.2f} s"
    yield f"  ratio {medians['restored'] / medians['doit runs cp']:.2f}"


def large(root: Path, size: int, rounds: int) -> Iterator[str]:
    """Compare putting and restoring one large file with `cp`."""
    source, target = root / "large", str(root / "fetched")
    with source.open("wb") as stream:
        block = os.urandom(1 << 20)
        for number in range(size >> 20):
            stream.write(number.to_bytes(8, "little") + block[8:])
    copying = DirectoryStore(str(root / "copies"), StoreOptions(link="copy"))
    linking = DirectoryStore(str(root / "copies"), StoreOptions(link="hardlink"))
    digest, length = copying.put(str(source))
    names = ("cp", "put", "restore", "restore by link")
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        times["cp"].append(timed(lambda: subprocess.run(["cp", source, target], check=True)))
        os.unlink(target)
        shutil.rmtree(root / "copies")
        times["put"].append(timed(lambda: copying.put(str(source))))
        for name, store in (("restore", copying), ("restore by link", linking)):
            fetch = functools.partial(store.fetch, digest, length, target, 0o444)
            times[name].append(timed(fetch))
            os.unlink(target)
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, seconds in medians.items():
        yield f"{size >> 20} MiB, {name}: {seconds:.3f} s, {seconds / medians['cp']:.2f} x cp"


def misses(root: Path) -> Iterator[str]:
    """Measure look-ups in a store with many entries."""
    store = DirectoryStore(str(root / "entries"))
    for number in range(ENTRIES):
        store.add(f"xxh3_128:{number:032x}", {"blobs": {}})
    unknown = [f"xxh3_128:{number:032x}" for number in range(ENTRIES, ENTRIES + 10_000)]
    seconds = timed(lambda: [store.find(signature) for signature in unknown])
    yield f"a look-up that misses, {ENTRIES} entries: {seconds / len(unknown) * 1e6:.1f} us"
    known = [f"xxh3_128:{number * 10:032x}" for number in range(10_000)]
    seconds = timed(lambda: [store.find(signature) for signature in known])
    yield f"a look-up that hits: {seconds / len(known) * 1e6:.1f} us"


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=LARGE, help="of the large file, in bytes")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp())
    try:
        for lines in (
            small(root, options.rounds),
            large(root, options.size, options.rounds),
            misses(root),
        ):
            for line in lines:
                print(line, flush=True)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
