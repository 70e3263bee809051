"""What an enricher is: a pure function from an item to an output, with a name, a version and a sandbox around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cases.domain import Sensitivity

IMAGES = frozenset({"image"})
STATEMENTS = frozenset({"statement"})
SIGHTINGS = frozenset({"sighting"})
GIB = 1 << 30

NOT_INSTALLED = "not installed: "
"""How the reason begins where a tool lacks what it needs; the name of that follows."""


@dataclass(frozen=True, kw_only=True)
class EnricherInput:
    """What an enricher may see: the fields it reads, the original (read only), a folder for what it makes.

    `adjusted` is an instance of its `adjustable`, None where it has none: the parameters that people set for this run.
    """

    kind: str
    fields: Mapping[str, Any]
    original: Path | None
    folder: Path
    adjusted: Any = None


@dataclass(frozen=True, kw_only=True)
class Flag:
    """Something a person should look at."""

    flag: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file that the enricher wrote into its folder; sizes in pixels."""

    name: str
    path: Path
    media_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came out: a frozen dataclass, and what goes with it."""

    output: Any
    flags: tuple[Flag, ...] = ()
    made: tuple[Made, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Enricher:
    """One tool. `reads` names the submitted fields that it gets (its input digest covers them and nothing else).

    A tool with `media` types reads files of these types only: it gets its job when `file_identity` has told by the
    content what a file is; any other reads its kinds of evidence at once, whatever their file is.

    `parameters` are those that nobody sets; `adjustable` is a frozen dataclass of those that a playbook may set (see
    `parameters`). Its docstring says what they are, and all of its fields have defaults: with them, the input digest
    covers the submitted fields alone, else also what was set.

    A tool with `network` would ask others: it is in no playbook that does not name it, and runs only where anybody may
    know of case and item (see `may_leave`). None that ships has it, and the sandbox shuts the network for all.

    `missing` names what is not installed here of what it needs, empty where all is there: then each of its jobs ends
    as a failure that says so, and none is silent.

    A change of anything that can change its output is a new `version`. `prepare` loads what does not depend on the
    item, such as a model: it is called once, and what it loaded is there in each run.
    """

    name: str
    version: int
    accepts: frozenset[str]
    reads: frozenset[str]
    media: frozenset[str] = frozenset()
    run: Callable[[EnricherInput], Result]
    tool: Callable[[], str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    adjustable: type | None = None
    prepare: Callable[[], object] = bool
    missing: Callable[[], str] = str
    network: bool = False


def may_leave(*labels: Sensitivity) -> bool:
    """Say whether others may be asked about what carries these labels: only about what anybody may know (TLP 2.0)."""
    return all(label is Sensitivity.CLEAR for label in labels)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use: processor and wall-clock seconds, and bytes: of memory (with the parsers that were
    imported before), of one file, of all the files in its folder, of its answer, of what it made to be kept.

    The seconds are for a small original; each GiB (2**30 bytes) of a large one adds some, see `for_original`.
    """

    cpu_seconds: int = 10
    wall_seconds: int = 20
    # SHA-256, SHA-1 and MD5 of a GiB took 2.6 seconds where it was measured: three times that, for slower machines.
    cpu_seconds_per_gib: int = 8
    # A disk that reads 50 MB in a second takes 21.
    wall_seconds_per_gib: int = 30
    memory_bytes: int = 480 << 20
    file_bytes: int = 256 << 20
    folder_bytes: int = 512 << 20
    output_bytes: int = 1 << 20
    made_bytes: int = 32 << 20
    open_files: int = 64

    def for_original(self, size: int) -> Limits:
        """Add the seconds that it takes to read an original of so many bytes."""
        return replace(
            self,
            cpu_seconds=self.cpu_seconds + -(-size * self.cpu_seconds_per_gib // GIB),
            wall_seconds=self.wall_seconds + -(-size * self.wall_seconds_per_gib // GIB),
        )


class EnrichmentError(Exception):
    """The enricher says why it could not read the item."""


class PermanentFailure(EnrichmentError):
    """Trying again gives the same."""


class TemporaryFailure(EnrichmentError):
    """Trying again may help."""
