"""The filter's program, step by step, for both architectures: the kernel runs only the one of this machine."""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping

import pytest

from enrichment.syscalls import ARCHITECTURES, filter_steps

OWN = 4711
ALLOWED = 0
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06

# Linux, arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
NUMBERS: Mapping[str, Mapping[str, int]] = {
    "x86_64": {
        "read": 0, "openat": 257, "mmap": 9, "futex": 202, "exit_group": 231, "socket": 41, "socketpair": 53,
        "fork": 57, "vfork": 58, "clone": 56, "clone3": 435, "execve": 59, "execveat": 322, "kill": 62, "tgkill": 234,
        "ptrace": 101, "io_uring_setup": 425, "prlimit64": 302, "unshare": 272, "shmget": 29, "mq_open": 240,
        "semget": 64, "msgget": 68, "fsopen": 430, "move_mount": 429, "chroot": 161, "umount2": 166, "pivot_root": 155,
        "chmod": 90, "fchmodat": 268, "fchownat": 260, "truncate": 76, "utimensat": 280, "setxattr": 188,
    },
    "aarch64": {
        "read": 63, "openat": 56, "mmap": 222, "futex": 98, "exit_group": 94, "socket": 198, "socketpair": 199,
        "clone": 220, "clone3": 435, "execve": 221, "execveat": 281, "kill": 129, "tgkill": 131,
        "ptrace": 117, "io_uring_setup": 425, "prlimit64": 261, "unshare": 97, "shmget": 194, "mq_open": 180,
        "semget": 190, "msgget": 186, "fsopen": 430, "move_mount": 429, "chroot": 51, "umount2": 39, "pivot_root": 41,
        "fchmodat": 53, "fchownat": 54, "truncate": 45, "utimensat": 88, "setxattr": 5,
    },
}  # fmt: skip


def answer(machine: str, number: int, first: int = 0, *, architecture: int | None = None) -> int:
    """Run the program on one call as the kernel does; give the error, or 0 where the call is allowed."""
    column, own_architecture = ARCHITECTURES[machine]
    steps = list(filter_steps(column, own_architecture, own=OWN))
    call = struct.pack("<IIQ6Q", number, architecture or own_architecture, 0, first, 0, 0, 0, 0, 0)
    at, loaded = 0, 0
    while True:
        what, if_so, if_not, value = steps[at]
        at += 1
        if what == LOAD:
            [loaded] = struct.unpack_from("<I", call, value)
        elif what == RETURN:
            return ALLOWED if value == 0x7FFF0000 else value & 0xFFFF
        else:
            holds = {EQUAL: loaded == value, AT_LEAST: loaded >= value}[what]
            at += if_so if holds else if_not


@pytest.fixture(params=sorted(ARCHITECTURES))
def machine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("call", ["read", "openat", "mmap", "futex", "exit_group"])
def test_work_on_files_and_memory_is_allowed(call: str, machine: str) -> None:
    assert answer(machine, NUMBERS[machine][call]) == ALLOWED


@pytest.mark.parametrize(
    "call",
    ["socket", "socketpair", "fork", "vfork", "execve", "execveat", "kill", "ptrace", "io_uring_setup", "unshare"],
)
def test_network_processes_programs_and_signals_are_refused(call: str, machine: str) -> None:
    if call in NUMBERS[machine]:
        assert answer(machine, NUMBERS[machine][call]) == errno.EPERM


@pytest.mark.parametrize("call", ["chmod", "fchmodat", "fchownat", "truncate", "utimensat", "setxattr"])
def test_a_change_of_a_file_that_was_not_opened_is_refused(call: str, machine: str) -> None:
    if call in NUMBERS[machine]:
        assert answer(machine, NUMBERS[machine][call]) == errno.EPERM


@pytest.mark.parametrize("call", ["shmget", "semget", "msgget", "mq_open"])
def test_what_processes_of_one_account_share_is_refused(call: str, machine: str) -> None:
    assert answer(machine, NUMBERS[machine][call]) == errno.EPERM


@pytest.mark.parametrize("call", ["fsopen", "move_mount", "chroot", "umount2", "pivot_root"])
def test_another_view_of_the_file_system_is_refused(call: str, machine: str) -> None:
    assert answer(machine, NUMBERS[machine][call]) == errno.EPERM


def test_neither_a_process_nor_a_thread_is_allowed(machine: str) -> None:
    numbers = NUMBERS[machine]
    thread = 0x003D0F00  # What the C library asks for a thread with.
    assert answer(machine, numbers["clone"], thread) == errno.EPERM
    assert answer(machine, numbers["clone"], 17) == errno.EPERM
    assert answer(machine, numbers["clone3"], 1) == errno.ENOSYS


def test_only_oneself_gets_a_signal_or_a_limit(machine: str) -> None:
    numbers = NUMBERS[machine]
    assert answer(machine, numbers["tgkill"], OWN) == ALLOWED
    assert answer(machine, numbers["tgkill"], OWN + 1) == errno.EPERM
    assert answer(machine, numbers["prlimit64"], 0) == ALLOWED
    assert answer(machine, numbers["prlimit64"], OWN + 1) == errno.EPERM


def test_another_table_of_calls_is_no_way_around(machine: str) -> None:
    numbers = NUMBERS[machine]
    assert answer(machine, numbers["read"], architecture=0x40000003) == errno.EPERM
    assert answer(machine, 0x40000000 + numbers["socket"]) == errno.EPERM
    assert answer(machine, 0x40000000) == errno.EPERM
