"""Runs a command with the system calls that a unit leaves to a service: `python sandbox.py RULES COMMAND...`.

RULES is JSON: `allowed`, names of system calls, and `families`, numbers of address families. What is refused fails with
EPERM, families with EAFNOSUPPORT, as systemd does it, by the same library. W^X (MemoryDenyWriteExecute=) is on.
"""

import ctypes
import errno
import json
import mmap
import os
import sys

PR_SET_NO_NEW_PRIVS = 38
ALLOW = 0x7FFF0000
EQUAL, MASKED_EQUAL = 4, 7
FAMILIES = 64
"""More than the kernel knows."""


class Comparison(ctypes.Structure):
    _fields_ = (("argument", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def library() -> ctypes.CDLL:
    """Load libseccomp; raises OSError."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
    seccomp.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.POINTER(Comparison),
    ]
    return seccomp


def refuse(number: int) -> int:
    """The action that fails a call with this error."""
    return 0x00050000 | number


def load(seccomp: ctypes.CDLL, default: int, rules: list[tuple[int, str, list[Comparison]]]) -> None:
    """Let a filter count from now on, for whatever this process becomes."""
    context = seccomp.seccomp_init(default)
    for action, name, comparisons in rules:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # else it is one of another architecture
            array = (Comparison * len(comparisons))(*comparisons)
            done = seccomp.seccomp_rule_add_array(context, action, number, len(comparisons), array)
            assert done == 0, (name, os.strerror(-done))
    assert seccomp.seccomp_load(context) == 0


def main() -> None:
    rules = json.loads(sys.argv[1])
    seccomp = library()
    assert ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    both = mmap.PROT_WRITE | mmap.PROT_EXEC
    eperm, no_family = refuse(errno.EPERM), refuse(errno.EAFNOSUPPORT)
    load(seccomp, ALLOW, [(eperm, "mmap", [Comparison(2, MASKED_EQUAL, both, both)])])
    execute = [Comparison(2, MASKED_EQUAL, mmap.PROT_EXEC, mmap.PROT_EXEC)]
    load(seccomp, ALLOW, [(eperm, name, execute) for name in ("mprotect", "pkey_mprotect")])
    others = [family for family in range(FAMILIES) if family not in rules["families"]]
    load(seccomp, ALLOW, [(no_family, "socket", [Comparison(0, EQUAL, family, 0)]) for family in others])
    load(seccomp, eperm, [(ALLOW, name, []) for name in rules["allowed"]])
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
