"""All enrichers of a kind, one after the other in one child, each as the sandbox itself would run it."""

from dataclasses import asdict, dataclass
from typing import Any

from enrichment import child
from enrichment.domain import Enricher, EnricherInput, Made, Result
from evidence.domain import Kind


@dataclass(frozen=True, kw_only=True)
class Each:
    """What each said, by its module's name."""

    answers: dict[str, Any]


def run_each(given: EnricherInput) -> Result:
    """Run those that the field `modules` names."""
    fields = {name: value for name, value in given.fields.items() if name != "modules"}
    task = {**asdict(given), "fields": fields, "original": str(given.original) if given.original else None}
    modules = given.fields["modules"]
    answers = {module.rpartition(".")[2]: child.attempt({**task, "module": module}, given.folder) for module in modules}
    made = [each for answer in answers.values() for each in answer.get("made", ())]
    files = tuple(Made(**{**each, "path": given.folder / each["path"]}) for each in made)
    return Result(output=Each(answers=answers), made=files)


ENRICHER = Enricher(
    name="every",
    version=1,
    accepts=frozenset(Kind),
    reads=frozenset({"file", "text", "when", "place", "subject"}),
    run=run_each,
    tool=lambda: "several",
)
