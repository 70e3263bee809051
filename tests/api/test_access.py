# Long because every address of the API has its row here.
"""Who may do what: every address of the API has a row here; an address without one fails the first test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from rest_framework.test import APIClient

from analysis.commands import compute_finding, state_finding
from analysis.domain import FindingStated
from cases.commands import add_member, remove_member
from cases.domain import Role
from enrichment.runs.commands import start_run
from enrichment.runs.domain import NewRun
from evidence.domain import Derivative, EvidenceEnriched
from evidence.erasure.commands import request_erasure
from evidence.erasure.domain import NewErasure, OfItem
from exchange.commands import request_export, run_export
from exchange.domain import NewExport
from ledger import store
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.ids import uuid7
from ledger.redaction import Ground
from osint import tokens
from osint.models import AccessToken, User
from tests.api.bodies import STATEMENT, picture, submit, upload
from tests.api.conftest import EVERYTHING

OWNER, INVESTIGATOR, REVIEWER, VIEWER, SUBMITTER = Role
ALL = set(Role)
READERS = ALL - {SUBMITTER}
EDITORS = {OWNER, INVESTIGATOR}
EXPORTERS = {*EDITORS, REVIEWER}
SIGNERS = {OWNER, REVIEWER}
COUNTED = {"sentence": "So many.", "rule": "count", "version": 1}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method of one address: the scopes it needs, the roles it is open to, and what they are answered."""

    scope: str
    # What people wrote about evidence, and what was recorded of it, needs a second one.
    also: str = ""
    roles: set[Role]
    answer: int = 200
    # What another role is answered: 404 where it may not know that the item exists.
    submitter: int = 403
    stranger: int = 404
    body: dict[str, Any] | None = None
    # Of the log as a whole: open to whoever holds the scope, and says nothing of any case.
    of_no_case: bool = False


def _managing(body: dict[str, Any] | None = None, answer: int = 200) -> Row:
    return Row(scope="cases:write", roles={OWNER}, answer=answer, body=body or {"reason": "x"})


def _on_case(roles: set[Role], body: dict[str, Any], answer: int = 200) -> Row:
    return Row(scope="cases:write", roles=roles, answer=answer, body=body)


def _on_item(roles: set[Role], body: dict[str, Any], answer: int = 200) -> Row:
    return Row(scope="evidence:write", roles=roles, answer=answer, submitter=404, body=body)


def _on_both(roles: set[Role], body: dict[str, Any] | None, answer: int = 200) -> Row:
    return Row(scope="cases:write", also="evidence:write", roles=roles, answer=answer, body=body)


def _on_finding(roles: set[Role], body: dict[str, Any] | None = None, answer: int = 200) -> Row:
    return Row(scope="findings:write", roles=roles, answer=answer, body=body)


_GOES = {"items": [{"item": "<item>", "fields": ["title"]}]}
OF_CASE_AND_ITS_EVIDENCE = Row(scope="cases:read", also="evidence:read", roles=READERS)
OF_ITEM = Row(scope="evidence:read", roles=READERS, submitter=404)
OF_LOG = Row(scope="log:read", roles=ALL, stranger=200, of_no_case=True)
TABLE = {
    ("GET", "case-list"): Row(scope="cases:read", roles=ALL, stranger=200),
    ("POST", "case-list"): Row(scope="cases:write", roles=ALL, answer=201, stranger=201, body={"title": "New"}),
    ("GET", "case-detail"): Row(scope="cases:read", roles=ALL),
    ("GET", "case-events"): Row(scope="cases:read", also="evidence:read", roles=READERS),
    ("GET", "case-comments"): Row(scope="cases:read", also="evidence:read", roles=READERS),
    ("POST", "case-rename"): _managing({"title": "Other"}),
    ("POST", "case-describe"): _managing({"description": "Other"}),
    ("POST", "case-set-sensitivity"): _managing({"sensitivity": "red"}),
    ("POST", "case-hold"): _managing(),
    ("POST", "case-resume"): _managing(answer=409),
    ("POST", "case-send-to-review"): _managing(),
    ("POST", "case-close"): _managing(),
    ("POST", "case-reopen"): _managing(answer=409),
    ("POST", "case-archive"): _managing(answer=409),
    ("POST", "case-add-member"): _managing({"user": "<charlie>", "role": "viewer"}),
    ("POST", "case-change-role"): _managing({"user": "<viewer>", "role": "reviewer"}),
    ("POST", "case-remove-member"): _managing({"user": "<viewer>"}),
    ("POST", "case-comment"): _on_case({*EDITORS, REVIEWER}, {"text": "x"}),
    ("POST", "case-tag"): _on_case(EDITORS, {"tag": "x"}),
    ("POST", "case-untag"): _on_case(EDITORS, {"tag": "x"}, answer=409),
    ("GET", "case-playbook"): Row(scope="cases:read", roles=READERS),
    ("POST", "case-choose-playbook"): _on_case(EDITORS, {"playbook": "quick"}),
    ("GET", "enricher-list"): Row(scope="cases:read", roles=ALL, stranger=200, of_no_case=True),
    ("GET", "evidence-list"): Row(scope="evidence:read", roles=ALL),
    ("POST", "evidence-list"): Row(scope="evidence:write", roles={*EDITORS, SUBMITTER}, answer=201, body=STATEMENT),
    ("POST", "evidence-batch"): Row(scope="evidence:write", roles={*EDITORS, SUBMITTER}, body=STATEMENT),
    ("GET", "evidence-detail"): OF_ITEM,
    ("GET", "evidence-custody"): OF_ITEM,
    ("GET", "evidence-comparisons"): OF_ITEM,
    ("GET", "evidence-enrichment"): OF_ITEM,
    ("GET", "evidence-file"): OF_ITEM,
    ("GET", "evidence-derivative"): OF_ITEM,
    ("POST", "evidence-grade"): _on_item({*EDITORS, REVIEWER}, {"reliability": "A", "credibility": "1"}),
    ("POST", "evidence-correct"): _on_item(EDITORS, {"changes": {"title": "Other"}, "reason": "x"}),
    ("POST", "evidence-retract"): _on_item(EDITORS, {"reason": "x"}),
    ("POST", "evidence-link"): _on_item(EDITORS, {"relation": "supports", "target": "<other>"}),
    ("POST", "evidence-tag"): _on_item(EDITORS, {"tag": "x"}),
    ("POST", "evidence-untag"): _on_item(EDITORS, {"tag": "x"}, answer=409),
    ("POST", "evidence-comment"): _on_item({*EDITORS, REVIEWER}, {"text": "x"}),
    # No tool has failed on it.
    ("POST", "evidence-retry-enrichment"): _on_item(EDITORS, {"enricher": "image", "version": 1}, answer=409),
    ("GET", "run-list"): Row(scope="cases:read", roles=READERS),
    ("POST", "run-list"): _on_both(EDITORS, {"enrichers": ["text"]}, answer=202),
    ("GET", "run-detail"): Row(scope="cases:read", roles=READERS),
    ("POST", "run-pause"): _on_both(EDITORS, None),
    ("POST", "run-resume"): _on_both(EDITORS, None, answer=409),
    ("POST", "run-stop"): _on_both(EDITORS, None),
    ("GET", "export-list"): Row(scope="cases:read", also="evidence:read", roles=READERS),
    ("POST", "export-list"): Row(
        scope="cases:read", also="evidence:read", roles=EXPORTERS, answer=202, body={"above": "amber"}
    ),
    ("GET", "export-detail"): Row(scope="cases:read", also="evidence:read", roles=READERS),
    ("GET", "export-download"): Row(scope="cases:read", also="evidence:read", roles=EXPORTERS),
    ("GET", "erasure-list"): OF_CASE_AND_ITS_EVIDENCE,
    ("GET", "erasure-detail"): OF_CASE_AND_ITS_EVIDENCE,
    ("POST", "erasure-list"): _on_both({OWNER}, {**_GOES, "ground": "court_order", "reason": "x"}, answer=201),
    ("POST", "erasure-preview"): _on_both({OWNER}, _GOES),
    # The list is another one than this.
    ("POST", "erasure-confirm"): _on_both({OWNER, REVIEWER}, {"fingerprint": "x"}, answer=412),
    ("POST", "erasure-decline"): _on_both({OWNER, REVIEWER}, {"reason": "x"}),
    ("GET", "finding-list"): OF_CASE_AND_ITS_EVIDENCE,
    ("POST", "finding-list"): _on_finding(EDITORS, COUNTED, answer=201),
    ("GET", "finding-detail"): OF_CASE_AND_ITS_EVIDENCE,
    ("GET", "finding-as-of"): OF_CASE_AND_ITS_EVIDENCE,
    ("POST", "finding-restate"): _on_finding(EDITORS, {**COUNTED, "sentence": "Others.", "reason": "x"}),
    ("POST", "finding-compute"): _on_finding(EDITORS),
    # The result is another one than this.
    ("POST", "finding-review"): _on_finding(SIGNERS, {"digest": "x", "agrees": True, "note": "x"}, answer=409),
    ("POST", "finding-sign-off"): _on_finding(SIGNERS, {"digest": "x"}, answer=409),
    ("POST", "finding-publish"): _on_finding({OWNER}, {"digest": "x", "sentence": "x", "where": "x"}, answer=409),
    ("POST", "finding-withdraw"): _on_finding(EDITORS, {"reason": "x"}),
    ("GET", "rule-list"): Row(scope="cases:read", roles=ALL, stranger=200, of_no_case=True),
    ("GET", "search"): Row(scope="evidence:read", roles=ALL, stranger=200),
    ("GET", "log-entries"): Row(scope="log:read", roles=ALL, stranger=200),
    ("GET", "log-proof"): Row(scope="log:read", roles=READERS),
    ("GET", "log-checkpoint"): OF_LOG,
    ("GET", "log-consistency"): OF_LOG,
    ("GET", "log-tile"): OF_LOG,
}
OPEN = {("GET", "schema"), ("GET", "docs")}
ROWS = pytest.mark.parametrize(("method", "name"), sorted(TABLE))


def _routes(patterns: list[Any], under: str = "") -> Iterator[tuple[str, str]]:
    for each in patterns:
        address = f"{under}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, address)
        elif isinstance(each, URLPattern) and address.startswith("api/"):
            view: Any = each.callback.view_class  # type: ignore[union-attr]
            yield from (
                (verb, each.name or "")
                for verb in ("GET", "POST", "PUT", "PATCH", "DELETE")
                if hasattr(view, verb.lower())
            )


@dataclass
class World:
    """A case with a team, an item and a second one, all of Alice's; and a case that nobody here may see."""

    case: UUID
    item: UUID
    other: UUID
    picture: str
    event: UUID
    export: UUID
    erasure: UUID
    run: UUID
    finding: UUID
    people: dict[str, Any]

    def address(self, name: str, *, case: UUID | None = None, item: UUID | None = None) -> str:
        """Write the address of a route, for other ids where the test says so."""
        given: dict[str, Any] = {"case_id": case or self.case, "item": item or self.item, "sha256": self.picture}
        given |= {"level": 0, "tile": "000.p/1", "enricher": "image", "export": item or self.export}
        given |= {"run": item or self.run, "redaction": item or self.erasure, "finding": item or self.finding}
        of_item = ["case_id", "item"]
        of_case = [["case_id", each] for each in ("export", "redaction", "finding", "run")]
        for wanted in (
            [],
            ["case_id"],
            of_item,
            [*of_item, "sha256"],
            [*of_item, "enricher"],
            ["level", "tile"],
            *of_case,
        ):
            try:
                return reverse(name, kwargs={each: given[each] for each in wanted})
            except Exception as error:
                last = error
        raise last

    def send(self, client: APIClient, method: str, name: str, **ids: UUID) -> Any:
        """Send the row's request; whatever it changed is undone."""
        row = TABLE["GET" if method == "HEAD" else method, name]
        body = json.dumps(row.body)
        for word, person in self.people.items():
            body = body.replace(f"<{word}>", str(person.pk))
        body = body.replace("<other>", str(self.other)).replace("<item>", str(ids.get("item", self.item)))
        address = self.address(name, **ids)
        # An event of another case is as unknown as one that was never there.
        event = self.event if ids.get("case", self.case) == self.case else uuid7()
        queries = {"search": "q=dozen", "log-proof": f"event={event}", "log-consistency": "from=1&to=2"}
        queries["finding-as-of"] = "as_of=1"
        address += f"?{queries[name]}" if name in queries else ""
        kind = "application/x-ndjson" if name == "evidence-batch" else "application/json"
        headers = {"If-Match": f'"{self.seen}"'} if name in {"case-rename", "case-describe"} else {}
        with transaction.atomic():
            data = body if row.body else ""
            answer = client.generic(method, address, data, content_type=kind, headers=headers)
            transaction.set_rollback(True)
        # Read to its end, or the file behind it stays open.
        answer.whole = b"".join(answer) if answer.streaming else answer.content
        return answer

    @property
    def seen(self) -> int:
        from cases.models import Case

        return Case.objects.get(pk=self.case).seq


@pytest.fixture
def world(api: APIClient, case: str, alice: Any, charlie: Any, log_folder: Path) -> World:
    case_id = UUID(case.split("/")[-2])
    by = Actor.person(alice.pk)
    people = {"owner": alice, "charlie": charlie}
    for role in (INVESTIGATOR, REVIEWER, VIEWER, SUBMITTER):
        people[role.value] = User.objects.create_user(username=role.value)
        add_member(case_id=case_id, user=people[role.value].pk, role=role, by=by)
    item = UUID(upload(api, case, picture(), title="A dozen").headers["Location"].split("/")[-2])
    other = UUID(submit(api, case).split("/")[-2])
    with store.incoming() as incoming:
        incoming.write(picture((3, 2)))
        made = incoming.keep()
    preview = Derivative(name="preview", sha256=made.sha256, size=made.size, media_type="image/png")
    found = EvidenceEnriched(
        enricher="image", version=1, tool="t", input_digest="0" * 64, output={}, derivatives=(preview,), seconds=0.1
    )
    (event,) = append(case_id, [Fact(found, item=item)], by=Actor.worker("image", 1))
    call_command("keys", "init", stdout=StringIO())
    call_command("sequence", "--once")
    export = request_export(case_id=case_id, wanted=NewExport(), by=by).pk
    assert run_export(export_id=export) == "done"
    ids = {"case": case_id, "item": item, "other": other, "event": event.id, "export": export}
    ids["finding"] = state_finding(case_id=case_id, stated=FindingStated(**COUNTED), by=by).item
    compute_finding(case_id=case_id, finding=ids["finding"], by=by)
    ids["run"] = start_run(case_id=case_id, wanted=NewRun(), by=by).id
    ids["erasure"] = _asked_for_by_another(case_id, item, by=by)
    return World(**ids, picture=made.sha256, people=people)


def _asked_for_by_another(case_id: UUID, item: UUID, *, by: Actor) -> UUID:
    """Ask for an erasure as an owner who left since: any who stayed may decide on it."""
    second = User.objects.create_user(username="second")
    add_member(case_id=case_id, user=second.pk, role=OWNER, by=by)
    wanted = NewErasure(items=(OfItem(item=item, fields=("title",)),), ground=Ground.COURT, reason="x")
    asked = request_erasure(case_id=case_id, wanted=wanted, by=Actor.person(second.pk))
    remove_member(case_id=case_id, user=second.pk, by=by)
    return asked.id


def seen(answer: Any) -> tuple[int, str, Any]:
    """All that a client can tell apart, but for the id of the problem itself."""
    text = answer.whole if hasattr(answer, "whole") else answer.content
    body = json.loads(text) if answer.headers["Content-Type"].endswith(("/json", "+json")) else text
    if isinstance(body, dict):
        body.pop("instance", None)
    return answer.status_code, answer.headers["Content-Type"], body


def test_every_address_has_a_row() -> None:
    routes = set(_routes(get_resolver().url_patterns))
    assert routes == set(TABLE) | OPEN


@ROWS
def test_each_role_may_do_what_its_row_says(
    world: World, client_of: Callable[..., APIClient], method: str, name: str
) -> None:
    row = TABLE[method, name]
    for role in Role:
        answer = world.send(client_of(world.people[role.value]), method, name)
        refused = row.submitter if role is SUBMITTER else 403
        assert answer.status_code == (row.answer if role in row.roles else refused), (role, seen(answer))
        if method == "GET":
            head = world.send(client_of(world.people[role.value]), "HEAD", name)
            assert (head.status_code, head.whole) == (answer.status_code, b"")


@ROWS
def test_for_a_stranger_nothing_is_there(
    world: World, client_of: Callable[..., APIClient], charlie: Any, method: str, name: str
) -> None:
    row = TABLE[method, name]
    for staff in (False, True):
        charlie.is_staff = charlie.is_superuser = staff
        charlie.save()
        stranger = client_of(charlie)
        answer = seen(world.send(stranger, method, name))
        assert answer[0] == row.stranger
        if row.stranger == 404:
            assert answer == seen(world.send(stranger, method, name, case=uuid7(), item=uuid7()))
        if method == "GET" and row.stranger == 200 and not row.of_no_case:
            assert answer[2]["results"] == []


@ROWS
def test_a_token_is_good_for_its_scopes_its_case_and_its_time_only(
    world: World, client_of: Callable[..., APIClient], alice: Any, method: str, name: str
) -> None:
    row = TABLE[method, name]
    needed = {row.scope, row.also} - {""}
    for lacking in needed:
        without = [scope for scope in EVERYTHING if scope != lacking]
        assert world.send(client_of(alice, *without), method, name).status_code == 403
    assert world.send(client_of(alice, *needed), method, name).status_code == row.answer
    assert world.send(client_of(alice, case_id=world.case), method, name).status_code == (
        403 if (method, name) == ("POST", "case-list") else row.answer
    )
    elsewhere = client_of(alice, case_id=uuid7())
    bound = world.send(elsewhere, method, name)
    if row.of_no_case:
        assert bound.status_code == row.answer
    elif row.stranger == 404:
        assert seen(bound) == seen(world.send(client_of(alice), method, name, case=uuid7(), item=uuid7()))
    else:
        assert bound.status_code == 403 if method == "POST" else bound.json()["results"] == []
    assert world.send(APIClient(), method, name).status_code == 401


@pytest.mark.parametrize("end", ["expired", "revoked", "of somebody who left", "cut", "made up"])
def test_a_token_that_has_ended_opens_nothing(world: World, alice: Any, end: str) -> None:
    token, text = tokens.issue(user=alice, scopes=EVERYTHING, expires_at=timezone.now() + timedelta(days=1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert world.send(client, "GET", "case-detail").status_code == 200
    if end == "expired":
        AccessToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    elif end == "revoked":
        AccessToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
    elif end == "of somebody who left":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    elif end == "cut":
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text[:-1]}")
    else:
        AccessToken.objects.all().delete()
    for method, name in sorted(TABLE):
        answer = world.send(client, method, name)
        assert answer.status_code == 401, name
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "name"), [row for row in sorted(TABLE) if TABLE[row].submitter == 404])
def test_an_item_of_a_case_that_one_may_not_see_is_no_item(
    world: World, client_of: Callable[..., APIClient], charlie: Any, method: str, name: str
) -> None:
    """Charlie has a case of his own, and asks in it for Alice's item."""
    theirs = client_of(charlie)
    own = UUID(theirs.post("/api/v1/cases/", {"title": "Own"}).headers["Location"].split("/")[-2])
    there = seen(world.send(theirs, method, name, case=own))
    assert there[0] == 404
    assert there == seen(world.send(theirs, method, name, case=own, item=uuid7()))


def test_ids_that_one_may_not_see_are_nowhere_in_a_body(
    world: World, client_of: Callable[..., APIClient], charlie: Any
) -> None:
    theirs = client_of(charlie)
    own = theirs.post("/api/v1/cases/", {"title": "Own"}).headers["Location"]
    item = submit(theirs, own)

    def answers(target: UUID) -> list[Any]:
        lines = "\n".join(
            json.dumps({**STATEMENT, "derived_from": [each]}) for each in (str(target), item.split("/")[-2])
        )
        correction = {"changes": {"derived_from": [str(target)]}, "reason": "x"}
        sent = [
            theirs.post(f"{own}evidence/", {**STATEMENT, "derived_from": [str(target)]}),
            theirs.post(
                f"{own}evidence/",
                {"kind": "sighting", "subject": {"kind": "ship"}, "basis": [str(target)]},
            ),
            theirs.post(f"{item}correct/", correction),
            theirs.post(f"{item}link/", {"relation": "same_as", "target": str(target)}),
            theirs.generic("POST", f"{own}evidence/batch/?dry_run=1", lines, content_type="application/x-ndjson"),
        ]
        return [seen(each) for each in sent]

    assert answers(world.item) == answers(uuid7())
    *refused, batch = answers(world.item)
    assert {status for status, _, _ in refused} == {404}
    assert [json.loads(line)["status"] for line in batch[2].splitlines()] == [404, 200]


def test_what_one_may_not_see_is_not_counted_and_not_found(
    api: APIClient, world: World, client_of: Callable[..., APIClient]
) -> None:
    submitter = client_of(world.people["submitter"])
    for query in ("", "?kind=statement", "?text=dozen", "?tag=claim", "?as_of=1000", "?enrichment=done"):
        assert submitter.get(f"{world.address('evidence-list')}{query}").json() == {
            "next": None,
            "previous": None,
            "results": [],
        }, query
    assert submitter.get("/api/v1/search/?q=dozen").json()["results"] == []
    own = submit(submitter, world.address("case-detail"), title="Mine")
    assert [each["title"] for each in submitter.get(world.address("evidence-list")).json()["results"]] == ["Mine"]
    assert submitter.get(own).status_code == 200
    assert submitter.post(f"{own}retract/", {"reason": "x"}).status_code == 403
    assert len(api.get("/api/v1/search/?q=dozen").json()["results"]) == 3
