"""Where amounts stand: names in parts, parted by ``/``. What the parts mean is not the ledger's business."""

import re

from ledger.errors import MalformedEntry

NAME_PATTERN = r"^[^/\s\x00-\x1f\x7f]+(/[^/\s\x00-\x1f\x7f]+)*$"
NAME_BYTES_MAX = 240
_NAME = re.compile(NAME_PATTERN)


def check_account(name: str) -> None:
    """An account name is one or more parts without blanks, parted by ``/``, at most 240 bytes of UTF-8."""
    if not _NAME.fullmatch(name) or len(name.encode()) > NAME_BYTES_MAX:
        raise MalformedEntry(no=None, reason=f"{name!r} is no account name: parts without blanks, parted by /, at most 240 bytes")
