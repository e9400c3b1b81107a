"""doit's source distribution: its tests and the samples of its documentation are in no wheel."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory


class Unavailable(Exception):
    """The source distribution cannot be had, most likely for want of a network."""


def unpacked_doit(cache: Path) -> Path:
    """Return the unpacked source distribution of the installed doit, downloaded if need be.

    :param cache: a directory that keeps it for the next time
    :raises Unavailable: with what pip said
    """
    name = f"doit-{version('doit')}"
    target = cache / name
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache) as scratch:
        with tarfile.open(_download(name, Path(scratch))) as archive:
            archive.extractall(scratch, filter="data")
        try:
            (Path(scratch) / name).rename(target)  # at once: another process may do the same
        except OSError:
            if not target.is_dir():
                raise
    return target


def _download(name: str, into: Path) -> Path:
    requirement = name.replace("doit-", "doit==")
    command = [sys.executable, "-m", "pip", "download", requirement, "--dest", str(into)]
    command += ["--no-deps", "--no-binary", "doit", "--disable-pip-version-check"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"pip download {requirement} took more than 90 s") from error
    archive = into / f"{name}.tar.gz"
    if done.returncode or not archive.is_file():
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"pip download {requirement} failed: {last}")
    return archive
