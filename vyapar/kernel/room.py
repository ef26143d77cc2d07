"""Telling a full disk from a bug."""

from __future__ import annotations

import errno

from vyapar.kernel.errors import Unavailable
from vyapar.kernel.phrases import phrase as _

#: No space on the device, a quota that is used up, a file longer than it may be.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: Nobody makes room within seconds.
_WAIT_SECONDS = 300


def is_no_room(error: BaseException | None) -> bool:
    """Whether a file could not be written because there is no room for it."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def no_room() -> Unavailable:
    """What is told then: nothing of the file was kept, and somebody must make room."""
    message = _("the disk of this server is full, and nothing was kept: have room made on it, then try again")
    return Unavailable(message, code="disk_full", retry_after=_WAIT_SECONDS)
