"""Web addresses, domains and mail addresses in a text, also as they are written so that nobody follows them. Pure but
for the list of public suffixes (publicsuffix.org, as bundled with tldextract): nothing is ever looked up or fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

LONGEST_URL = 2000
_URL = re.compile(r"\b(?:https?|hxxps?|ftp)(?:://|\[://\]|\[:\]//)[^\s<>\"'`{}|\\^]{3,}", re.IGNORECASE)
_DEFANGED = (("[.]", "."), ("(.)", "."), ("{.}", "."), ("[dot]", "."), ("(dot)", "."), ("[://]", "://"), ("[:]//", "://"),
             ("[@]", "@"), ("(@)", "@"), ("[at]", "@"), ("(at)", "@"))  # fmt: skip

_POINT = r"(?:\.|\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\))"
_AT = r"(?:@|\[@\]|\(@\)|\[at\]|\(at\))"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = rf"{_LABEL}(?:{_POINT}{_LABEL}){{1,8}}"
_DOMAIN = re.compile(
    rf"(?<![\w.@/\\-])(?:(?P<local>[A-Za-z0-9][\w.+%-]{{0,63}}){_AT})?(?P<host>{_HOST})(?![\w@])", re.I
)


@dataclass(frozen=True, kw_only=True)
class Address:
    """A URL as written, and as it works; nothing is ever fetched because a text names it."""

    text: str
    start: int
    url: str


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A host's name as written and as it works; `registered` is the part that somebody registered."""

    text: str
    start: int
    domain: str
    registered: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail address as written, and as it works."""

    text: str
    start: int
    address: str


def urls(text: str) -> Iterator[Address]:
    """Yield web addresses, those that were made harmless (hxxp, [.]) as they work too."""
    for match in _URL.finditer(text):
        written = _without_end(match[0])
        url = re.sub(r"^hxxp", "http", _fanged(written), flags=re.IGNORECASE)
        if len(url) <= LONGEST_URL:
            yield Address(text=written, start=match.start(), url=url)


def domains(text: str) -> Iterator[Domain]:
    """Yield hosts by name: those of web addresses, and bare ones under a public suffix; not those of mail addresses."""
    inside = _Inside(_URL, text)
    for match in _DOMAIN.finditer(text):
        if (
            not match["local"]
            and not inside.contains(match.start())
            and (found := _domain(match["host"], match.start()))
        ):
            yield found


def hosts(text: str) -> Iterator[Domain]:
    """Yield the hosts of the web addresses in a text."""
    for address in urls(text):
        host = re.match(r"\w+://(?:[^/@]*@)?([^/:?#]+)", address.url)
        if host and (found := _domain(host[1], address.start)):
            yield found


def mails(text: str) -> Iterator[Mail]:
    """Yield mail addresses whose host is under a public suffix."""
    for match in _DOMAIN.finditer(text):
        if match["local"] and (host := _domain(match["host"], match.start())):
            yield Mail(text=match[0], start=match.start(), address=f"{match['local']}@{host.domain}")


def _domain(written: str, start: int) -> Domain | None:
    host = _fanged(written).lower().rstrip(".")
    # A capital behind the point is a sentence that lacks its blank; digits alone are an address of the network.
    if re.search(rf"{_POINT}[A-Z][a-z]+$", written) or re.fullmatch(r"[\d.]+", host):
        return None
    registered = suffixes()(host).top_domain_under_public_suffix
    return Domain(text=written, start=start, domain=host, registered=registered) if registered else None


@cache
def suffixes() -> Any:
    """Read the list of public suffixes that is bundled: never from the network, nothing is kept on disk."""
    # It brings a client for the network along, which nobody but the sandbox needs to wait for.
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=False)


class _Inside:
    """Stretches of a text, asked in ascending order whether they contain a place."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self._stretches = (match.span() for match in pattern.finditer(text))
        self._at = next(self._stretches, None)

    def contains(self, place: int) -> bool:
        while self._at and self._at[1] <= place:
            self._at = next(self._stretches, None)
        return bool(self._at) and self._at[0] <= place  # type: ignore[index]


def _fanged(text: str) -> str:
    for fanged, plain in _DEFANGED:
        text = re.sub(re.escape(fanged), plain, text, flags=re.IGNORECASE) if fanged.lower() in text.lower() else text
    return text


def _without_end(url: str) -> str:
    """Cut off the signs that end a sentence, and brackets that were opened before the URL."""
    pairs = {")": "(", "]": "["}
    while url:
        last = url[-1]
        open_before = last in pairs and url.count(last) > url.count(pairs[last])
        if last not in ".,;:!?'\"»”" and not open_before:
            break
        url = url[:-1]
    return url
