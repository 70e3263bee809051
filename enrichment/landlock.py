"""A fence in the file system: the process reads what it runs on and its one original, writes its own folder, no more.

The kernel's Landlock (Linux 5.13 and later) judges each file when it is opened, whatever rights the account has, root
or not; once put on it can not be taken off. What was open before stays open. It does not hide that a path exists, nor
how large a file is; changes of mode, owner, times and length by path alone are for the filter of system calls. Newer
kernels also keep it from TCP (6.7), and from signals and abstract sockets of whoever is outside (6.12). Where the
kernel has no Landlock, or a container forbids the call, there is no fence, and whoever asked is told so.
Sources: landlock(7), Linux Documentation/userspace-api/landlock.rst, include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# The same on every architecture.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION, _BENEATH = 1, 1

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_FIRST = (1 << 13) - 1
"""What the first version knows: execute, read and write files, list, remove and make entries of every kind."""

_LATER = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL}
_TCP, _SINCE_TCP = 0b11, 4
"""To bind and to connect."""

_SCOPES, _SINCE_SCOPES = 0b11, 6
"""Abstract Unix sockets, and signals."""

_OF_FILES = 1 | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
"""Rights that a rule on a single file may give; the kernel refuses a rule with others."""

READ = _READ_FILE | _READ_DIR
# To run a program is given nowhere.
OWN = (_FIRST & ~1) | _REFER | _TRUNCATE

SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/dev/urandom",
    "/dev/zero", "/sys/devices/system/cpu",
)  # fmt: skip
"""What shared libraries and the standard library read, where it exists."""

ONESELF = "/proc/self"
"""All of /proc that is not of others; it means another folder in each process."""

NOWHERE = "/dev/null"


@dataclass(frozen=True)
class Fence:
    """What it keeps shut."""

    files: bool
    network: bool


def fence(libc: ctypes.CDLL, *, readable: Iterable[str], own: str) -> Fence:
    """Put the fence on this process, which must have given up new privileges, as far as the kernel has one.

    :param readable: files and folders to read besides the interpreter and the system's libraries.
    :param own: the folder to read and write.
    :raises OSError: the kernel has Landlock and will not take a rule.
    """
    known = version(libc.syscall)
    handled = rights_of(known)
    if not handled:
        return Fence(files=False, network=False)
    attributes = attributes_of(known)
    ruleset = _checked(libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for path, rights in rules(readable, own=own):
            _allow(libc, ruleset, path, rights & handled)
        _checked(libc.syscall(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)
    return Fence(files=True, network=known >= _SINCE_TCP)


def version(syscall: Callable[..., int]) -> int:
    """Ask the kernel which version of Landlock it has; below 1 there is none."""
    return syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)


def rights_of(version: int) -> int:
    """List, as bits, what a version of Landlock can refuse: nothing where there is none."""
    if version < 1:
        return 0
    return _FIRST | sum(right for since, right in _LATER.items() if version >= since)


def attributes_of(version: int) -> bytes:
    """Write down all that a version can refuse, as the kernel wants it: files, TCP and scopes, as far as it knows."""
    attributes = struct.pack("=Q", rights_of(version))
    if version >= _SINCE_TCP:
        attributes += struct.pack("=Q", _TCP)
    if version >= _SINCE_SCOPES:
        attributes += struct.pack("=Q", _SCOPES)
    return attributes


def interpreter() -> list[str]:
    """Name the folders that Python and what is installed for it lie in."""
    return list(dict.fromkeys([sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]))


def rules(readable: Iterable[str], *, own: str) -> Iterator[tuple[str, int]]:
    """Yield each path that exists with the rights beneath it."""
    for path in (*system(), *(each for each in readable if os.path.exists(each))):
        yield path, READ
    yield ONESELF, READ
    yield NOWHERE, READ | _WRITE_FILE | _TRUNCATE
    yield own, OWN


@cache
def system() -> tuple[str, ...]:
    """Find out where what Python runs on lies, none of it beneath another: once, before a process forks."""
    there = {each for each in map(os.path.realpath, (*SYSTEM, *interpreter())) if os.path.exists(each)}
    return tuple(sorted(each for each in there if there.isdisjoint(map(str, Path(each).parents))))


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, descriptor)
        _checked(libc.syscall(_ADD, ruleset, _BENEATH, rule, 0))
    finally:
        os.close(descriptor)


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
