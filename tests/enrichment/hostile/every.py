"""All enrichers of a kind, one after the other in one child, each as the sandbox itself would run it."""

import base64
from dataclasses import asdict, dataclass
from typing import Any

from enrichment import child
from enrichment.domain import Enricher, EnricherInput, Made, Result
from evidence.domain import Kind


@dataclass(frozen=True, kw_only=True)
class Each:
    """What each said of each input, by its module's name."""

    answers: list[dict[str, Any]]


def run_each(given: EnricherInput) -> Result:
    """Run those that the field `modules` names on each of the `inputs`: fields, and in `bytes` a file of its own."""
    answers, files = [], []
    for one in given.fields["inputs"]:
        fields = dict(one)
        original = given.original
        if content := fields.pop("bytes", None):
            original = given.folder / "original"
            original.write_bytes(base64.b64decode(content))
        task = {**asdict(given), "fields": fields, "original": str(original) if original else None}
        of_one = {
            module.rpartition(".")[2]: child.attempt({**task, "module": module}, given.folder)
            for module in given.fields["modules"]
        }
        made = [each for answer in of_one.values() for each in answer.get("made", ())]
        files += [Made(**{**each, "path": given.folder / each["path"]}) for each in made]
        answers.append(of_one)
    # What several inputs made is more than one may keep.
    return Result(output=Each(answers=answers), made=tuple(files) if len(answers) == 1 else ())


ENRICHER = Enricher(
    name="every",
    version=1,
    accepts=frozenset(Kind),
    reads=frozenset({"file", "text", "when", "place", "subject"}),
    run=run_each,
    tool=lambda: "several",
)
