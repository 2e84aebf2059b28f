"""
The messages that other implementations of EIP-4361 are tested with.

They come with npm's `siwe`. Where we are stricter on purpose (docs/security.md), the vector is brought to what we let
in: a message must expire within a day.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from graphql_api.errors import BadInput, Declined, SignInRefused
from graphql_api.sign_in import Claim, Terms, read_claim
from models.values import parse_address

VECTORS = Path(__file__).parents[3] / "node_modules" / "siwe" / "test"
NOW = datetime(2022, 3, 1, tzinfo=UTC)
EXPIRES = "Expiration Time: 2022-03-01T12:00:00.000Z"
ADDRESS = "0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946"
NO_SIGNATURE = "0x"


def vectors(name: str) -> list[Any]:
    """Return the vectors of a file, each a parameter with its name."""
    found = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return [pytest.param(value, id=title) for title, value in found.items()]


def read(text: str, signature: str = NO_SIGNATURE, *, now: datetime = NOW, domain: str = "service.org") -> Claim:
    """Read a message under terms that let in its domain, URI and chain."""
    terms = Terms(
        domains=frozenset([domain]),
        uris=frozenset(re.findall(r"^URI: (.*)$", text, re.MULTILINE)),
        chain_ids=frozenset([1]),
        session=timedelta(hours=1),
        admins=frozenset(),
        is_secure=True,
    )
    return read_claim(text, signature, terms, now)


def expiring(text: str) -> str:
    """Return a message with an Expiration Time, where the grammar wants it."""
    return re.sub(r"^(Issued At: .*)$", rf"\1\n{EXPIRES}", text, flags=re.MULTILINE)


def written(fields: dict[str, Any]) -> str:
    """Return the text of a message given by its fields."""
    return (
        f"{fields['domain']} wants you to sign in with your Ethereum account:\n{fields['address']}\n\n"
        f"{fields['statement']}\n\nURI: {fields['uri']}\nVersion: {fields['version']}\nChain ID: {fields['chainId']}\n"
        f"Nonce: {fields['nonce']}\nIssued At: {fields['issuedAt']}\nExpiration Time: {fields['expirationTime']}"
    )


@pytest.mark.parametrize("vector", vectors("parsing_positive"))
def test_messages_that_are_good_are_read(vector: dict[str, Any]) -> None:
    """Once they expire; before, that is what is wrong with them."""
    domain = vector["fields"]["domain"]
    with pytest.raises(SignInRefused, match="the message never expires"):
        read(vector["message"], domain=domain)

    claim = read(expiring(vector["message"]), domain=domain)
    assert claim == Claim(address=parse_address(vector["fields"]["address"]), chain_id=1, is_proven=False)


@pytest.mark.parametrize("vector", vectors("parsing_negative"))
def test_messages_that_are_not_good_are_refused(vector: str) -> None:
    """Whether they expire or not."""
    for text in (vector, expiring(vector)):
        with pytest.raises(BadInput):
            read(text)


@pytest.mark.parametrize("vector", vectors("validation_positive"))
def test_signatures_that_are_good_prove_who_signed(vector: dict[str, Any]) -> None:
    """Within the day before the message expires; earlier, it lives too long for us."""
    expires = datetime.fromisoformat(vector["expirationTime"])
    with pytest.raises(SignInRefused, match="more than 24 hours ahead"):
        read(written(vector), vector["signature"], domain=vector["domain"])

    claim = read(written(vector), vector["signature"], now=expires - timedelta(hours=1), domain=vector["domain"])
    assert claim == Claim(address=parse_address(vector["address"]), chain_id=1, is_proven=True)


@pytest.mark.parametrize("vector", vectors("validation_negative"))
def test_signatures_and_times_that_are_not_good_prove_nothing(vector: dict[str, Any]) -> None:
    """Nobody is let in: refused at once, or left to a contract at the address, of which there is none."""
    issued = datetime.fromisoformat(vector["issuedAt"])
    try:
        claim = read(written(vector), vector["signature"], now=issued, domain=vector["domain"])
    except Declined:
        return
    assert not claim.is_proven


GOOD = f"""service.org wants you to sign in with your Ethereum account:
{ADDRESS}

I accept the ServiceOrg Terms of Service: https://service.org/tos

URI: https://service.org/login
Version: 1
Chain ID: 1
Nonce: 12341234
Issued At: 2022-02-28T12:45:13.610Z
{EXPIRES}
Not Before: 2022-02-28T12:45:13.610Z
Request ID: some_id
Resources:
- https://service.org/login
- https://service.org/login/2"""

FIELDS = ["URI", "Version", "Chain ID", "Nonce", "Issued At", EXPIRES[:15], "Not Before", "Request ID"]


def changed(pattern: str, replacement: str) -> str:
    """Return the good message with one thing changed."""
    text, count = re.subn(pattern, replacement, GOOD, flags=re.MULTILINE)
    assert count == 1, "the thing is there once"
    return text


def test_the_message_that_the_others_are_made_of_is_good() -> None:
    """With every field there is."""
    assert read(GOOD).address == parse_address(ADDRESS)


@pytest.mark.parametrize("field", FIELDS[:5])
def test_no_field_that_must_be_there_may_be_missing(field: str) -> None:
    """As in the suite's newer vectors."""
    with pytest.raises(BadInput):
        read(changed(rf"^{field}: .*\n", ""))


@pytest.mark.parametrize(("first", "second"), [*pairwise(FIELDS)])
def test_fields_keep_their_order(first: str, second: str) -> None:
    """Each two that follow each other, turned round."""
    with pytest.raises(BadInput):
        read(changed(rf"^({first}: .*)\n({second}: .*)$", r"\2\n\1"))


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"^service.org wants", " wants"),
        (rf"^{ADDRESS}\n", "\n"),
        (rf"^{ADDRESS}$", ADDRESS.replace("e5A1", "e5a1")),
        (r"^I accept", "\nI accept"),
        (r"Service: https", "Service: \nhttps"),
        (r"^URI: .*$", "URI: _not_a_uri_"),
        (r"^Version: 1$", "Version: 2"),
        (r"^Chain ID: 1$", "Chain ID: ?"),
        (r"^Chain ID: 1$", "Chain ID: 01"),
        (r"^Nonce: .*$", "Nonce: 1234567"),
        (r"^Issued At: .*$", "Issued At: Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)"),
        (r"^Expiration Time: .*$", "Expiration Time: tomorrow"),
        (r"^Not Before: .*$", "Not Before: 2022-02-30T00:00:00Z"),
        (r"^(- .*)\n(- .*)$", r"\1 \2"),
        (r"^- https://service.org/login$", "- _not_a_uri_"),
        (r"/login/2$", "/login/2\n"),
    ],
)
def test_what_the_grammar_does_not_know_is_refused(pattern: str, replacement: str) -> None:
    """Names, times, addresses and white space, each off by a little."""
    with pytest.raises(BadInput):
        read(changed(pattern, replacement))
