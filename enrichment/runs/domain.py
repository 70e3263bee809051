"""Runs: the evidence of a case is read by given enrichers where they have not read it, as a job of its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from enrichment.playbooks import Chosen
from ledger.errors import Conflict
from ledger.events import event

STOPPED = "The run was stopped before its turn."
"""Why a job ended that was never begun."""


class Status(StrEnum):
    """What was last wanted of a run."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@event("enrichment.run_started", version=1)
@dataclass(frozen=True, kw_only=True)
class RunStarted:
    """From here on these enrichers read every item of the case that they, in this version and with these parameters,
    have no result for; its id is that of the run.

    `failed`: also where they failed.
    """

    enrichers: tuple[Chosen, ...]
    failed: bool = False

    def apply(self, state: Any) -> Any:
        return state


@dataclass(frozen=True, kw_only=True)
class RunChange:
    run: UUID

    def apply(self, state: Any) -> Any:
        return state


@event("enrichment.run_paused", version=1)
@dataclass(frozen=True, kw_only=True)
class RunPaused(RunChange):
    """No job of the run is begun until it goes on."""


@event("enrichment.run_resumed", version=1)
@dataclass(frozen=True, kw_only=True)
class RunResumed(RunChange):
    """The run goes on."""


@event("enrichment.run_stopped", version=1)
@dataclass(frozen=True, kw_only=True)
class RunStopped(RunChange):
    """The run is over; what still waits is not read by it."""


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """What is wanted: enrichers by name, where none is named those of the case's playbook; `failed`: also what failed
    before."""

    enrichers: tuple[str, ...] = ()
    failed: bool = False


LEADS_TO: dict[Status, tuple[type[RunChange], frozenset[Status], str]] = {
    Status.PAUSED: (RunPaused, frozenset({Status.RUNNING}), "Only a run that is under way can be paused."),
    Status.RUNNING: (RunResumed, frozenset({Status.PAUSED}), "Only a run that is paused can go on."),
    Status.STOPPED: (
        RunStopped,
        frozenset({Status.RUNNING, Status.PAUSED}),
        "Only a run that is under way or paused can be stopped.",
    ),
}


class RunNotOpen(Conflict):
    """The run is over, or it is so already."""

    code = "run-not-open"
    title = "The run does not stand so that this can be done"


def change(run: UUID, now: Status, to: Status, *, ended: bool) -> RunChange:
    """Decide what is to become of a run.

    :raises RunNotOpen: it is over, or it is so already.
    """
    said, allowed, refusal = LEADS_TO[to]
    if ended or now not in allowed:
        raise RunNotOpen(f"{refusal} This one is {'over' if ended else now}.")
    return said(run=run)
