"""All enrichers of pictures, one after the other in one child, each as the sandbox itself would run it."""

from dataclasses import asdict, dataclass
from typing import Any

from enrichment import child
from enrichment.domain import IMAGES, Enricher, EnricherInput, Made, Result

MODULES = ("enrichment.enrichers.file_identity", "enrichment.enrichers.exif", "enrichment.enrichers.image")


@dataclass(frozen=True, kw_only=True)
class Each:
    """What each said, by its module's name."""

    answers: dict[str, Any]


def run_each(given: EnricherInput) -> Result:
    """Run them on the one original."""
    task = {**asdict(given), "original": str(given.original)}
    answers = {module.rpartition(".")[2]: child.attempt({**task, "module": module}, given.folder) for module in MODULES}
    made = [each for answer in answers.values() for each in answer.get("made", ())]
    files = tuple(Made(**{**each, "path": given.folder / each["path"]}) for each in made)
    return Result(output=Each(answers=answers), made=files)


ENRICHER = Enricher(
    name="every", version=1, accepts=IMAGES, reads=frozenset({"file"}), run=run_each, tool=lambda: "several"
)
