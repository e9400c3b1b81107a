"""The lock with real processes, which die in every way."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doit_invariants.core.errors import InvariantsError
from doit_invariants.files import lock as module
from doit_invariants.files.lock import Busy, Holder, Lock
from tests.support.processes import as_nobody, in_child, succeeded

HOST = os.uname().nodename


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the lock's file is."""
    return tmp_path / "lock"


@pytest.fixture(autouse=True)
def _nothing_left(path: Path) -> Iterator[None]:
    """No test leaves a lock or a descriptor of its file behind."""
    yield
    assert module._registry == {}
    if path.exists():
        there = path.stat()
        for descriptor in range(3, 200):
            with contextlib.suppress(OSError):
                assert not os.path.samestat(os.fstat(descriptor), there)


def is_free(path: Path) -> bool:
    """Return whether another process could take the lock."""
    pid = os.fork()
    if not pid:
        try:
            Lock(str(path)).acquire(wait=False)
            os._exit(0)
        except Busy:
            os._exit(3)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, 3)
    return status == 0


class Other:
    """Another process that holds the lock, and may fork a child that lives on.

    :param path: of the lock
    :param command: what it says it was started for
    :param child: whether it has a child when it has the lock
    """

    CODE = (
        "import os, sys, time\n"
        "from doit_invariants.files.lock import Lock\n"
        "lock = Lock(sys.argv[1], sys.argv[2])\n"
        "assert lock.acquire()\n"
        "child = os.fork() if sys.argv[3] else 0\n"
        "if child == 0 and sys.argv[3]:\n"
        "    assert not lock.held\n"
        "    time.sleep(60)\n"
        "print(child, flush=True)\n"
        "sys.stdin.read()\n"
        "lock.release()\n"
    )

    def __init__(self, path: Path, command: str = "doit run", child: bool = False) -> None:
        arguments = [sys.executable, "-c", self.CODE, str(path), command, "child" if child else ""]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.child = int(self.process.stdout.readline())

    def __enter__(self) -> Other:
        """Return the process, which has the lock."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, and what it started."""
        self.process.kill()
        if self.child:
            os.kill(self.child, signal.SIGKILL)
        self.process.communicate()


def test_mutual_exclusion(path: Path) -> None:
    """Eight processes count to 400 in a file that each reads and writes."""
    counter = path.with_name("counter")
    counter.write_text("000")

    def count() -> None:
        lock = Lock(str(path))
        # Not truncated each time: ext4 then brings it to the disk at each close.
        descriptor = os.open(counter, os.O_RDWR)
        for _ in range(50):
            assert lock.acquire(poll=0.0005)
            number = int(os.pread(descriptor, 3, 0))
            os.pwrite(descriptor, b"???", 0)
            os.pwrite(descriptor, b"%03d" % (number + 1), 0)
            lock.release()

    for child in [in_child(count) for _ in range(8)]:
        succeeded(child)
    assert counter.read_text() == "400"


def test_says_who_holds_it(path: Path) -> None:
    """A process that does not wait gets one line at once; one that waits gets it once."""
    before = time.time()
    with Other(path, "doit -n 4 é") as other:
        with pytest.raises(Busy) as caught:
            Lock(str(path)).acquire(wait=False)
        assert isinstance(caught.value, InvariantsError)
        holder = caught.value.holder
        assert holder is not None
        assert (holder.pid, holder.host, holder.command) == (other.process.pid, HOST, "doit -n 4 é")
        assert before <= holder.since <= time.time()
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.since))
        says = f"process {other.process.pid} since {when} (doit -n 4 é)"
        assert str(caught.value) == f"{path} is locked by {says}"

        told: list[Holder | None] = []
        timer = threading.Timer(0.3, other.process.kill)
        timer.start()
        lock = Lock(str(path))
        assert lock.acquire(waiting=told.append, poll=0.01)
        assert told == [holder]
        assert lock.held
        timer.join()
        lock.release()


def test_waiting_is_not_called_for_nothing(path: Path) -> None:
    """No message says to wait for a lock that is free."""
    lock = Lock(str(path))
    assert lock.acquire(waiting=lambda holder: pytest.fail("told"))
    lock.release()
    with Other(path) as other:
        timer = threading.Timer(0.1, other.process.kill)
        timer.start()
        assert lock.acquire(poll=0.01)  # nor must anybody listen
        lock.release()
        timer.join()


def test_waiting_can_end_it(path: Path) -> None:
    """An exception of the callback is raised, and nothing is held then."""

    def enough(holder: Holder | None) -> None:
        raise KeyboardInterrupt

    lock = Lock(str(path))
    with Other(path), pytest.raises(KeyboardInterrupt):
        lock.acquire(waiting=enough)
    assert not lock.held


def test_ctrl_c(path: Path) -> None:
    """A signal ends the waiting."""
    lock = Lock(str(path))
    with Other(path):
        main = threading.main_thread().ident
        assert main is not None
        timer = threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            lock.acquire()
        timer.join()
    assert not lock.held


@pytest.mark.parametrize("child", [False, True])
def test_killed_holder(path: Path, child: bool) -> None:
    """Kill -9 frees the lock at once, also while a forked child of the holder lives on."""
    with Other(path, child=child) as other:
        assert not is_free(path)
        other.process.kill()
        other.process.wait()
        if child:
            os.kill(other.child, 0)
        lock = Lock(str(path))
        assert lock.acquire(wait=False)
        lock.release()


def test_release(path: Path) -> None:
    """The file stays, empty; what is not held is not given up."""
    lock = Lock(str(path), "doit")
    lock.release()
    assert not lock.held
    for _ in range(2):
        assert lock.acquire()
        assert lock.held
        assert json.loads(path.read_text("utf-8"))["command"] == "doit"
        lock.release()
        assert not lock.held
        assert path.read_bytes() == b""
    lock.release()
    assert is_free(path)


def test_fork(path: Path) -> None:
    """A child holds nothing, gives up nothing, and its end does not free the parent's lock."""
    lock = Lock(str(path), "parent")
    lock.acquire()

    def child() -> None:
        assert not lock.held
        lock.release()
        for mine in (lock, Lock(str(path))):
            with pytest.raises(Busy, match=rf"process {os.getppid()} since .* \(parent\)$"):
                mine.acquire(wait=False)
        os.closerange(3, 100)

    succeeded(in_child(child))
    assert lock.held
    assert not is_free(path)
    lock.release()
    assert is_free(path)


def test_child_takes_it_after_its_parent(path: Path) -> None:
    """A forked process can wait for the process that forked it."""
    lock = Lock(str(path))
    lock.acquire()
    lock.acquire()

    def child() -> None:
        assert lock.acquire(poll=0.01)
        assert lock.held
        lock.release()
        assert not lock.held

    pid = in_child(child)
    lock.release()
    lock.release()
    succeeded(pid)


def test_nested(path: Path) -> None:
    """Within a process it is shared under any name, until the last holder releases it."""
    path.with_name("link").symlink_to(".")
    outer, inner = Lock(str(path)), Lock(str(path.parent / "link" / path.name))
    assert outer.acquire(wait=False)
    assert outer.acquire(wait=False)
    assert inner.acquire(wait=False)
    for lock in (outer, outer, inner):
        assert lock.held
        assert not is_free(path)
        lock.release()
    assert not outer.held
    assert not inner.held
    assert is_free(path)


def test_a_link_in_its_place_is_left_alone(path: Path) -> None:
    """The destination of the link is neither locked nor written."""
    path.with_name("precious").write_text("precious")
    path.symlink_to("precious")
    assert not Lock(str(path)).acquire(wait=False)
    assert path.read_text() == "precious"


def test_threads(path: Path) -> None:
    """Threads that wait for another process get it together, and lose it together."""
    together = threading.Barrier(9)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            lock = Lock(str(path))
            assert lock.acquire(waiting=lambda holder: None, poll=0.001)
            together.wait(10)
            together.wait(10)
            lock.release()
        except BaseException as error:
            errors.append(error)
            together.abort()

    with Other(path) as other:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        other.process.kill()
        together.wait(10)
        assert not is_free(path)
        together.wait(10)
        for thread in threads:
            thread.join()
    assert errors == []
    assert is_free(path)


def test_another_thread_was_first(path: Path) -> None:
    """Asking for the holder does not open a lock that the own process holds by now."""
    told: list[Holder | None] = []
    lock = Lock(str(path))
    lock.acquire()
    Lock(str(path))._tell(True, told.append)
    assert told == [None]
    assert not is_free(path)
    lock.release()


def test_fork_while_threads_lock(path: Path) -> None:
    """A child that is forked while a thread is about to lock can lock too."""
    stop = threading.Event()

    def work() -> None:
        lock = Lock(str(path))
        while not stop.is_set():
            lock.acquire(poll=0.0001)
            lock.release()

    def child() -> None:
        signal.alarm(10)
        lock = Lock(str(path))
        assert lock.acquire(poll=0.0001)
        lock.release()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for pid in [in_child(child) for _ in range(30)]:
            succeeded(pid)
    finally:
        stop.set()
        thread.join()


SAID: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe\x00",
    "nested": b"[" * 16_000,
    "no object": b"[1]",
    "a number": b"1",
    "lacking": b'{"pid": 1}',
    "wrong pid": b'{"pid": true, "host": "", "since": 1, "command": ""}',
    "wrong time": b'{"pid": 1, "host": "", "since": "x", "command": ""}',
    "no time": b'{"pid": 1, "host": "", "since": NaN, "command": ""}',
    "late": b'{"pid": 1, "host": "", "since": 1e300, "command": ""}',
    "long": b'{"pid": 1, "host": "' + b"x" * 100_000 + b'", "since": 1, "command": ""}',
    "huge": b"9" * 10_000,
}


@pytest.mark.parametrize("what", SAID)
def test_garbage_in_the_file(path: Path, what: str) -> None:
    """The lock is still held, by an unknown holder; the next holder overwrites it."""
    with Other(path):
        path.write_bytes(SAID[what])
        with pytest.raises(Busy, match=r"lock is locked by another process$") as caught:
            Lock(str(path)).acquire(wait=False)
        assert caught.value.holder is None
    path.write_bytes(SAID[what])
    lock = Lock(str(path), "me")
    assert lock.acquire(wait=False)
    assert json.loads(path.read_bytes())["pid"] == os.getpid()
    lock.release()


def test_message_is_one_harmless_line(path: Path) -> None:
    """Any content is accepted; the machine is named if it differs."""
    with Other(path, "a\nb\x1b[31m" + "c" * 5000):
        with pytest.raises(Busy) as caught:
            Lock(str(path)).acquire(wait=False)
        assert str(caught.value).isprintable()
        assert "(a b [31mccc" in str(caught.value)
        assert len(str(caught.value)) < 1500
        said: dict[str, Any] = {"pid": 7, "host": "far\naway", "since": 0, "command": None}
        path.write_text(json.dumps(said))
        with pytest.raises(Busy, match=r"locked by process 7 on far away since 19[67]"):
            Lock(str(path)).acquire(wait=False)
    assert str(Holder(7, HOST, 0.0, "")).count(" ") == 4


def test_undecodable_command(path: Path) -> None:
    """A command line need not be UTF-8."""
    lock = Lock(str(path), "doit \udcff")
    assert lock.acquire()
    assert json.loads(path.read_bytes())["command"] == "doit \udcff"
    lock.release()


@pytest.mark.parametrize("there", [False, True])
def test_read_only(tmp_path: Path, there: bool) -> None:
    """A process that can't write there continues without a lock."""
    folder = tmp_path / "sub"
    folder.mkdir()
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode & 0o777 | 0o055)
    if there:
        (folder / "lock").touch()
        (folder / "lock").chmod(0o444)
    folder.chmod(0o555)

    def use() -> None:
        lock = Lock(str(folder / "lock"))
        for wait in (True, False):
            assert not lock.acquire(wait=wait)
            assert not lock.held
        lock.release()

    as_nobody(use)
    folder.chmod(0o755)
    assert (folder / "lock").exists() == there


def test_no_place_for_a_lock(tmp_path: Path) -> None:
    """Nothing fails if a directory is in its place, or if its own directory is missing."""
    (tmp_path / "loop").symlink_to("loop")
    for place in (tmp_path, tmp_path / "missing" / "lock", tmp_path / "loop"):
        assert not Lock(str(place)).acquire()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_no_locks_in_the_file_system(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Where nothing can be locked, nothing counts as locked."""

    def lockf(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "lockf", lockf)
    lock = Lock(str(path))
    assert not lock.acquire()
    assert not lock.held


def test_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name in it the lock is held all the same."""

    def write(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    lock = Lock(str(path))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        assert lock.acquire()
    assert path.read_bytes() == b""
    lock.release()
