"""Root of a namespace of users: as root, but to the files of one user nothing but a stranger, as over NFS."""

from __future__ import annotations

import ctypes
import os
import sys

CLONE_NEWUSER = 0x10000000

IDS = 10_000
"""Users and groups that root knows there."""


def shut_out(uid: int) -> bool:
    """Make this process, which has one thread, root without any right to the files of a user; whether it is."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    reading, writing = os.pipe()
    process = os.getpid()
    helper = os.fork()
    if helper == 0:  # it stays outside, where it may say who is who inside
        status = 1
        try:
            if os.read(reading, 1):
                ranges = f"0 0 {uid}\n{uid + 1} {uid + 1} {IDS}\n"
                for name in ("uid_map", "gid_map"):
                    with open(f"/proc/{process}/{name}", "w", encoding="ascii") as file:
                        file.write(ranges)
                status = 0
        finally:
            os._exit(status)
    os.close(reading)
    is_apart = ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0
    if is_apart:
        os.write(writing, b"x")
    os.close(writing)
    return is_apart and os.waitstatus_to_exitcode(os.waitpid(helper, 0)[1]) == 0


def can_shut_out() -> bool:
    """Whether the system lets this be done here."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    child = os.fork()
    if child == 0:
        os._exit(0 if shut_out(IDS) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
