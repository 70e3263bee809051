"""System checks: a machine whose kernel does not keep sandboxes shut is named at the start."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register

from enrichment import landlock, syscalls


@register(Tags.security)
def sandboxes_are_shut(**_: Any) -> Iterable[CheckMessage]:
    """Say what this machine's kernel lacks of what sandboxes are made of."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "syscall", None)
    if call is None or landlock.version(call) < 1:
        yield Warning(
            "The kernel has no Landlock: a hostile file that takes a parser over may read what the worker may.",
            hint="Run workers on Linux 5.13 or newer, with landlock among the kernel's lsm=, or under an own account.",
            id="waterline.W003",
        )
    if platform.machine() not in syscalls.ARCHITECTURES:
        yield Error(
            f"There is no filter of system calls for {platform.machine()}: enrichers could start programs.",
            hint=f"Run workers on {' or '.join(syscalls.ARCHITECTURES)}.",
            id="waterline.E007",
        )
