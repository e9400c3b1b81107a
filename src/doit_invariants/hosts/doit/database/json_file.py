"""The backend ``json``: one file for the whole DB."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping

from doit.dependency import JSONCodec

from doit_invariants.files.regular import open_regular
from doit_invariants.hosts.doit.database.base import Backend, DamagedDB, decode, seal
from doit_invariants.hosts.doit.process import gc_paused


class JsonBackend(Backend):
    """doit's backend ``json``, with a file that is replaced atomically.

    doit itself empties the file before it writes it.
    """

    def _read(self) -> None:
        try:
            with open(open_regular(self.path, follow=True), "rb") as stream:
                data = stream.read()
            with gc_paused():
                found = decode(data, self.codec)
        except FileNotFoundError:
            return
        except RecursionError as error:
            raise DamagedDB("nested too deeply") from error
        except ValueError as error:
            raise DamagedDB(f"damaged JSON: {error}") from error
        if not isinstance(found, dict):
            raise DamagedDB("JSON, but not an object")
        self._known = found

    def pack(self, task_id: str) -> None:
        """Do nothing: the file is always written as a whole, from decoded rows."""

    def _write(self, rows: Mapping[str, bytes], removed: Iterable[str]) -> None:
        path = os.path.realpath(self.path)
        new = f"{path}.{os.getpid()}.new"
        data = self._whole()
        try:
            mode = 0o666
            with contextlib.suppress(OSError):
                mode = os.stat(path).st_mode & 0o777
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new)  # left by a killed process with the same pid
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with open(os.open(new, flags, mode), "wb") as stream:
                stream.write(data)
            if os.path.exists(path):
                os.chmod(new, mode)  # independent of the umask
            os.replace(new, path)
        except PermissionError:
            # We may write the file but not its directory. Plain doit works there too.
            with contextlib.suppress(OSError):
                os.unlink(new)
            with open(path, "r+b") as stream:
                stream.write(data)
                stream.truncate()
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(new)
            raise

    def _whole(self) -> bytes:
        if type(self.codec) is not JSONCodec:
            data: bytes = self.codec.encode(self._known).encode("utf-8")
            return data
        rows = (b"%s:%s" % (json.dumps(one).encode(), self.text(one)) for one in self._known)
        return seal(b"{%s}" % b",".join(rows))

    def _encoded(self, task_id: str) -> bytes:
        return b""  # the file is written as a whole
