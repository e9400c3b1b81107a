"""A checksum in each row, which tells damage from what plain doit has written since.

One wrong digit can make a record that says something else: that an older version has written it, or
that plain doit has run the task since. What we write has no spaces between its parts, and the
checksum of its text as the last one. Plain doit, which keeps what it does not know, writes spaces:
what it has changed is not checked. As in :mod:`doit_invariants.hashing.digest`, the checksum guards
against accidents alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from xxhash import xxh3_64_hexdigest

#: The name of the checksum among the keys of a row. Stored: never change it.
NAME = "check:invariants"

_HEAD = f',"{NAME}":'.encode("ascii")
_TAIL = re.compile(rb',"check:invariants":\{"xxh3_64":"([0-9a-f]{16})"\}\}')
_LENGTH = len(_HEAD) + len('{"xxh3_64":""}}') + 16

# Made once: json.dumps() with options makes one at each call.
_decode = json.JSONDecoder().raw_decode
_encode = json.JSONEncoder(separators=(",", ":")).encode


def to_text(row: Mapping[str, Any]) -> bytes:
    """Return an object as JSON; raises TypeError or ValueError if JSON can't hold it."""
    return _encode(row).encode("ascii")


def seal(text: bytes) -> bytes:
    """Return the text of an object with its checksum; of an empty one as it is."""
    if len(text) <= len(b"{}"):
        return text
    body = text[:-1]
    return b'%s%s{"xxh3_64":"%s"}}' % (body, _HEAD, xxh3_64_hexdigest(body).encode("ascii"))


def decode(data: bytes, codec: Any) -> Any:
    """Return what is in a text that :func:`seal` or plain doit has made.

    :raises ValueError: if it is not as it was written; whatever else the codec raises
    """
    found = _TAIL.fullmatch(data, len(data) - _LENGTH) if len(data) > _LENGTH else None
    if found is not None:
        body = data[:-_LENGTH]
        if xxh3_64_hexdigest(body).encode("ascii") != found[1]:
            raise ValueError("its checksum is wrong")
        text = body.decode("ascii") + "}"
        row, end = _decode(text)
        if end != len(text):
            raise ValueError("there is more behind it")
        return row
    row = codec.decode(data.decode("utf-8"))
    if isinstance(row, dict):
        row.pop(NAME, None)
    return row
