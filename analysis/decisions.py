"""What is decided about a finding: each function returns an event, or refuses in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from analysis import registry
from analysis.domain import (
    Finding,
    FindingPublished,
    FindingRestated,
    FindingReviewed,
    FindingSignedOff,
    FindingStated,
    FindingWithdrawn,
)
from analysis.rule import Rule
from cases.rules import NothingChanges, required_text
from evidence.when import InvalidWhen, parse
from ledger import codec
from ledger.errors import Conflict, Forbidden, Invalid

SENTENCE = 1000
"""The longest a sentence may be, in characters."""

NOTE = 20_000


class NotComputed(Conflict):
    """There is no result yet that could be looked at."""

    code = "not-computed"
    title = "The finding has no result"


class NoNumber(Conflict):
    """What comes out is no number that anybody could use."""

    code = "no-number"
    title = "The rule gives no number"


class Stale(Conflict):
    """The result is not that of the evidence as it stands."""

    code = "finding-stale"
    title = "The evidence changed since the result was computed"


class OtherInputs(Conflict):
    """The caller means another result than the present one."""

    code = "other-inputs"
    title = "The result was computed anew meanwhile"


class Withdrawn(Conflict):
    """Nobody stands for the finding any more."""

    code = "finding-withdrawn"
    title = "The finding was withdrawn"


def rule_of(name: str, version: int) -> Rule:
    """Find a rule.

    :raises Invalid: there is none of that name, or not in that version.
    """
    rule = registry.find(name, version)
    if rule is None:
        known = ", ".join(f"{each.name}@{each.version}" for each in registry.installed().values())
        raise Invalid("There is no such rule.", errors={"rule": [f"There are: {known}."]})
    return rule


def parameters_of(rule: Rule, given: Mapping[str, Any]) -> Any:
    """Read the parameters of a rule.

    :raises Invalid: one is unknown, missing, of another type or can not be meant; `errors` names each.
    """
    try:
        parameters = codec.from_values(rule.parameters, given)
    except codec.ShapeError as error:
        errors = {f"parameters.{name}": sentences for name, sentences in error.errors.items()}
        raise Invalid("The rule can not be asked that.", errors=errors) from error
    wrong: dict[str, list[str]] = {}
    for name, why in parameters.problems():
        wrong.setdefault(f"parameters.{name}", []).append(why)
    if wrong:
        raise Invalid("The rule can not be asked that.", errors=wrong)
    return parameters


def askable(finding: Finding) -> tuple[Rule, Any] | None:
    """Give the rule and the parameters of a finding, None where it can not be asked: the rule is not installed in this
    version, or the parameters were erased, or came from elsewhere and can not be meant here."""
    stated = finding.stated
    rule = registry.find(stated.rule, stated.version)
    try:
        return (rule, parameters_of(rule, stated.parameters)) if rule and stated.parameters else None
    except Invalid:
        return None


def state(asked: FindingStated, *, author: UUID | None) -> FindingStated:
    """State a finding; what parameters say by default is written out, so that they mean the same for ever."""
    sentence = _text("sentence", asked.sentence, SENTENCE)
    _short_enough("note", asked.note, NOTE)
    parameters = parameters_of(rule_of(asked.rule, asked.version), asked.parameters)
    return FindingStated(
        sentence=sentence,
        rule=asked.rule,
        version=asked.version,
        parameters=codec.to_plain(parameters),
        note=asked.note,
        author=author,
    )


def restate(finding: Finding, asked: FindingRestated, *, author: UUID | None) -> FindingRestated:
    """State it anew."""
    _standing(finding)
    anew = FindingStated(sentence=asked.sentence, rule=asked.rule, version=asked.version, parameters=asked.parameters)
    stated = state(anew, author=author)
    old = finding.stated
    if (stated.sentence, stated.rule, stated.version, stated.parameters) == (
        old.sentence,
        old.rule,
        old.version,
        old.parameters,
    ):
        raise NothingChanges("The finding says that already.")
    return FindingRestated(
        sentence=stated.sentence,
        rule=stated.rule,
        version=stated.version,
        parameters=stated.parameters,
        reason=_text("reason", asked.reason, NOTE),
        author=author,
    )


def review(finding: Finding, asked: FindingReviewed, *, stale: bool, own: bool) -> FindingReviewed:
    """Say what one thinks of a result."""
    _result(finding, asked.digest, stale=stale)
    _other_than_author(own, "review")
    return FindingReviewed(digest=asked.digest, agrees=asked.agrees, note=_text("note", asked.note, NOTE))


def sign_off(finding: Finding, asked: FindingSignedOff, *, stale: bool, own: bool) -> FindingSignedOff:
    """Stand for a result."""
    _result(finding, asked.digest, stale=stale)
    _other_than_author(own, "sign off")
    if finding.signed_off and finding.holds(finding.signed_off):
        raise NothingChanges("This result is signed off already.")
    _short_enough("note", asked.note, NOTE)
    return asked


def publish(finding: Finding, asked: FindingPublished, *, stale: bool) -> FindingPublished:
    """Record that the sentence went out."""
    _result(finding, asked.digest, stale=stale)
    if finding.signed_off is None or not finding.holds(finding.signed_off):
        raise Conflict("Nobody has signed off this result.")
    _text("sentence", asked.sentence, SENTENCE)
    _text("where", asked.where, SENTENCE)
    try:
        if asked.at:
            parse(asked.at)
    except InvalidWhen as error:
        raise Invalid("The time can not be read.", errors={"at": [str(error)]}) from error
    return asked


def withdraw(finding: Finding, *, reason: str) -> FindingWithdrawn:
    """Take a finding back."""
    _standing(finding)
    return FindingWithdrawn(reason=_text("reason", reason, NOTE))


def computable(finding: Finding) -> tuple[Rule, Any]:
    """Give the rule and the parameters of a finding that may be computed."""
    _standing(finding)
    rule = rule_of(finding.stated.rule, finding.stated.version)
    # Each default was written out: what is empty was erased, and means no defaults.
    if not finding.stated.parameters:
        raise Invalid("What the rule was asked was erased: state the finding anew.")
    return rule, parameters_of(rule, finding.stated.parameters)


def require_no_circle(finding: UUID, rests_on: Mapping[UUID, tuple[UUID, ...]]) -> None:
    """Refuse a finding that would rest on itself; `rests_on` gives what each finding of the case rests on.

    :raises Invalid: it would.
    """
    todo, seen = list(rests_on.get(finding, ())), set[UUID]()
    while todo:
        each = todo.pop()
        if each == finding:
            raise Invalid("A finding can not rest on itself.", errors={"parameters": ["It would rest on itself."]})
        if each not in seen:
            seen.add(each)
            todo += rests_on.get(each, ())


def _standing(finding: Finding) -> None:
    if finding.withdrawn_because:
        raise Withdrawn("The finding was withdrawn: state another one.")


def _result(finding: Finding, digest: str, *, stale: bool) -> None:
    _standing(finding)
    if finding.computed is None:
        raise NotComputed("Compute the finding first.")
    if finding.computed.digest != digest:
        raise OtherInputs("The present result has other inputs than those you mean: read it again.")
    if stale:
        raise Stale("The evidence changed since: compute the finding again.")


def _other_than_author(own: bool, what: str) -> None:
    if own:
        raise Forbidden(f"Who stated or computed a finding does not {what} it.")


def _text(name: str, text: str, most: int) -> str:
    required_text(name, text)
    return _short_enough(name, text, most)


def _short_enough(name: str, text: str, most: int) -> str:
    if len(text) > most:
        raise Invalid("A text is too long.", errors={name: [f"At most {most:,} characters."]})
    return text
