"""What else a text names: hosts, mail, telephones, digests, wallets, call signs, hull numbers."""

from __future__ import annotations

import csv
import json
import time
from hashlib import new
from pathlib import Path
from typing import Any

import pytest

from enrichment.addresses import domains, hosts, mails
from enrichment.domain import EnricherInput
from enrichment.enrichers.text import TextFindings, read_text
from enrichment.marks import call_signs, hull_numbers
from enrichment.phones import phones
from enrichment.wallets import digests, keccak_256, wallets


def read(text: str) -> TextFindings:
    output: TextFindings = read_text(
        EnricherInput(kind="statement", fields={"text": text}, original=None, folder=Path())
    ).output
    return output


# --- hosts and mail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "domain", "registered"),
    [
        ("See wikipedia.org.", "wikipedia.org", "wikipedia.org"),
        ("news[.]bbc[.]co[.]uk said", "news.bbc.co.uk", "bbc.co.uk"),
        ("на сайте пример.рф", "пример.рф", "пример.рф"),
        ("(www.Example.COM)", "www.example.com", "example.com"),
    ],
)
def test_a_host_is_found_with_the_part_that_was_registered(text: str, domain: str, registered: str) -> None:
    [found] = domains(text)
    assert (found.domain, found.registered) == (domain, registered)
    assert text[found.start :].startswith(found.text)


@pytest.mark.parametrize(
    "text", ["e.g. 3.5 m", "10.0.0.1", "the end.Next day", "file.zz", "a..b", "co.uk", "1.2.3", "..", "x@wikipedia.org"]
)
def test_what_is_no_host_is_not_taken_for_one(text: str) -> None:
    assert list(domains(text)) == []


def test_the_hosts_of_web_addresses_are_given_once() -> None:
    found = read("hxxps://a[.]bbc[.]co[.]uk/page.html and wikipedia.org; http://10.0.0.1/x")
    assert [(each.domain, each.registered) for each in found.domains] == [
        ("a.bbc.co.uk", "bbc.co.uk"),
        ("wikipedia.org", "wikipedia.org"),
    ]
    assert [each.domain for each in hosts("http://user:secret@evil.com:8080/a@b.com")] == ["evil.com"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("write to j.doe+x@mail.example.com!", "j.doe+x@mail.example.com"),
        ("john[at]wikipedia[.]org", "john@wikipedia.org"),
        ("a(@)b(dot)ru", "a@b.ru"),
    ],
)
def test_a_mail_address_is_found_as_it_works(text: str, address: str) -> None:
    [found] = mails(text)
    assert found.address == address


@pytest.mark.parametrize("text", ["a@b", "@name", "x @ y.com", "a@localhost", "a@10.0.0.1"])
def test_what_is_no_mail_address_is_not_taken_for_one(text: str) -> None:
    assert list(mails(text)) == []


# --- telephones -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "country"),
    [
        ("call +7 (423) 665-12-34 now", "+74236651234", "RU"),
        ("0082 2 720 3333", "+8227203333", "KR"),
        ("+44 20 7946 0958", "+442079460958", "GB"),
        ("＋86 10 6532 3121", "+861065323121", "CN"),
    ],
)
def test_a_number_with_its_country_is_given_in_international_form(text: str, number: str, country: str) -> None:
    [found] = phones(text)
    assert (found.number, found.country, found.valid) == (number, country, True)


@pytest.mark.parametrize(
    "text", ["tel. 665-12-34", "тел: 8 (423) 234-56-78", "전화 02-720-3333", "WhatsApp 0912345678"]
)
def test_a_number_without_its_country_is_a_candidate_where_the_text_calls_it_so(text: str) -> None:
    [found] = phones(text)
    assert (found.number, found.country, found.valid) == ("", "", None)


@pytest.mark.parametrize(
    "text",
    [
        "665-12-34",
        "+42.7400 +133.0800",
        "2024-05-03 00 12",
        "+1",
        "+999999999999",
        "hotel 12345678",
        "IMO 9074729",
        "007",
    ],
)
def test_other_runs_of_digits_are_no_telephone(text: str) -> None:
    assert list(phones(text)) == []


# --- digests and wallets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["MD5", "SHA-1", "SHA-256", "SHA-512"])
def test_a_digest_is_known_by_its_length(kind: str) -> None:
    value = new(kind.replace("-", ""), b"evidence", usedforsecurity=False).hexdigest()
    [found] = digests(f"It hashes to {value.upper()}.")
    assert (found.value, found.kind) == (value, kind)


@pytest.mark.parametrize(
    "text", ["1" * 32, "a" * 40, "0x" + "ab1" * 20 + "abcd", "g" * 32, "ab1" * 11, "/" + "a1" * 32]
)
def test_what_is_no_digest_is_not_taken_for_one(text: str) -> None:
    assert list(digests(text)) == []


def test_keccak_is_the_one_before_the_standard() -> None:
    # Test vectors of the Keccak submission (KeccakKAT, ShortMsgKAT_256); the last is longer than one block.
    assert keccak_256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak_256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    assert keccak_256(b"a" * 136) != keccak_256(b"a" * 137)


@pytest.mark.parametrize(
    ("address", "chain"),
    [
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "bitcoin"),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "bitcoin"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bitcoin"),
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bitcoin"),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "bitcoin"),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "tron"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "ethereum"),
        ("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "ethereum"),
        ("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "ethereum"),
        ("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", "ethereum"),
    ],
)
def test_a_wallet_is_known_by_its_checksum(address: str, chain: str) -> None:
    [found] = wallets(f"Send it to {address}, please.")
    assert (found.value, found.chain, found.valid) == (address, chain, True)


def test_a_wallet_without_a_checksum_says_so_and_a_wrong_one_too() -> None:
    [plain] = wallets("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
    [wrong] = wallets("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD")
    assert (plain.valid, wrong.valid) == (None, False)


@pytest.mark.parametrize(
    "text",
    [
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp",
        # BIP 350: version 1 with the checksum of version 0.
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "bc1Qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "x1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u",
    ],
)
def test_what_fails_its_checksum_is_no_wallet(text: str) -> None:
    assert list(wallets(text)) == []


# --- marks of ships ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sign", "state"),
    [
        ("Her call sign is UBTE.", "UBTE", "RU"),
        ("Call sign: 5IM 592", "5IM592", "TZ"),
        ("позывной 9HDQ9", "9HDQ9", "MT"),
        ("c/s V7QT2, master unknown", "V7QT2", "MH"),
    ],
)
def test_a_call_sign_is_found_where_the_text_calls_it_so(text: str, sign: str, state: str) -> None:
    [found] = call_signs(text)
    assert (found.value, found.state) == (sign, state)


def test_real_call_signs_are_found_in_a_text_that_names_them(shared: Path) -> None:
    with (shared / "data/ofac-sdn/vessels.csv").open(newline="", encoding="utf-8") as file:
        signs = [row["call_sign"] for row in csv.DictReader(file) if row["call_sign"]]
    assert len(signs) == 62
    for sign in signs:
        assert [found.value for found in call_signs(f"Vessel, call sign {sign}; tanker")] == [sign.replace(" ", "")]


@pytest.mark.parametrize(
    "text", ["UBTE", "a T72 and an MI24", "the call sign of the ship", "call sign Q1", "call signal ABCD"]
)
def test_letters_alone_are_no_call_sign(text: str) -> None:
    assert list(call_signs(text)) == []


@pytest.mark.parametrize(
    ("text", "mark"),
    [("hull number 123", "123"), ("Pennant No. F-232", "F-232"), ("бортовой номер 081", "081"), ("舷号 172", "172")],
)
def test_a_hull_number_stands_with_the_words_that_lead_there(text: str, mark: str) -> None:
    [found] = hull_numbers(f"Seen with {text}.")
    assert found.value == mark
    assert text.startswith(found.words)


# --- what is hostile --------------------------------------------------------------------------------------


def test_strings_that_break_things_are_read(shared: Path) -> None:
    strings: list[str] = json.loads((shared / "data/naughty-strings/blns.json").read_text())
    assert len(strings) == 485
    for text in strings:
        assert read(text).characters == len(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["1.2 ", "+7 ", "1-", "a.b ", "一回", "1/1/2024 ", "42.1234, 133.1234 ", "more than 1 x ship ", "\u0301", "("],
)
def test_the_longest_text_of_any_pattern_is_read_in_time(unit: str) -> None:
    text = (unit * 1_000_000)[:1_000_000]
    began = time.process_time()
    found: Any = read(text)
    # The sandbox stops it at ten.
    assert time.process_time() - began < 8
    assert found.characters == 1_000_000
