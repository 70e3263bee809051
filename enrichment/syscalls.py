"""A filter on what a process may ask of the kernel: no network, processes, threads, programs, signals, changed modes.

It holds where namespaces are not to be had (most containers), and shuts what a namespace leaves open: sockets that
lie in the file system, such as the broker's. Once installed it can not be taken off, and whatever runs here has it.
Sources: seccomp(2), Linux Documentation/userspace-api/seccomp_filter.rst, audit.h, unistd.h of both architectures.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from functools import cache

# x86-64, aarch64; None where an architecture does not have it.
_REFUSED = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "io_uring_setup": (425, 425),
    # Threads too: nothing else counts them for an account that is root, and each takes room in the kernel.
    "clone": (56, 220),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "fanotify_init": (300, 262),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    # Memory, messages and counters that are shared with whoever runs under the account.
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "kcmp": (312, 272),
    "process_madvise": (440, 440),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    # What changes a file by its path, or its mode, owner and times, without opening it: no fence looks at these.
    "truncate": (76, 45),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "open_by_handle_at": (304, 265),
}
_CLONE3, _TGKILL, _PRLIMIT = (435, 435), (234, 131), (302, 261)
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000
"""Numbers from here on are a second table of calls on x86-64."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16
"""Where the call's number, its architecture and the low half of its first argument stand."""

_PR_SET_SECCOMP, _FILTER = 22, 2

_NOBODY = 0x7FFFFFFF
"""A number that no process has: the kernel's end at 2**22."""

Step = tuple[int, int, int, int]
"""What to do, how many steps to skip if it holds and if not, and the value it works with."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def refuse_all_but_files(libc: ctypes.CDLL) -> bool:
    """Install the filter on this process, which must have given up new privileges; return whether it holds."""
    if platform.machine() not in ARCHITECTURES:
        return False
    steps = program_of(platform.machine()).replace(struct.pack("I", _NOBODY), struct.pack("I", os.getpid()))
    program = _Program(len(steps) // 8, steps)
    refused: int = libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    return refused == 0


@cache
def program_of(machine: str) -> bytes:
    """Write the program as the kernel reads it, once, before a process forks; own is still nobody."""
    return b"".join(struct.pack("HBBI", *step) for step in filter_steps(*ARCHITECTURES[machine], own=_NOBODY))


def filter_steps(column: int, architecture: int, *, own: int) -> Iterator[Step]:
    """Write the filter's program (classic BPF) for an architecture and a process."""
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_EQUAL, 1, 0, architecture)
    yield refuse
    yield (_LOAD, 0, 0, _NUMBER)
    yield (_AT_LEAST, 0, 1, _X32)
    yield refuse
    for numbers in _REFUSED.values():
        number = numbers[column]
        if number is not None:
            yield (_EQUAL, 0, 1, number)
            yield refuse
    # Its arguments lie in memory, where a filter can not look: the C library falls back to clone.
    yield (_EQUAL, 0, 1, _CLONE3[column])
    yield (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    # A signal to oneself is fine (abort), a limit of one's own is.
    for call, value in ((_TGKILL[column], own), (_PRLIMIT[column], 0)):
        yield (_EQUAL, 0, 4, call)
        yield (_LOAD, 0, 0, _FIRST)
        yield (_EQUAL, 0, 1, value)
        yield allow
        yield refuse
    yield allow
