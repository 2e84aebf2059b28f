"""The accounts, the pool and the bus of a simulated world are fair ones: they do what the real ones do."""

from dataclasses import dataclass, replace
from random import Random

import pytest
from nats.js.api import ConsumerConfig, RetentionPolicy, StreamConfig

from chain.sending import Answer, answer_of
from chain.signer import KeySigner, Transaction
from models.values import Chain, Fees
from tests.simulation.blockchain import Json
from tests.simulation.effects.account_chain import AccountChain
from tests.simulation.effects.account_endpoint import REFUSALS
from tests.simulation.effects.account_node import L1_ORACLE, AccountNode
from tests.simulation.effects.bus import Bus, matches
from tests.simulation.effects.pool import LIFETIME_SECONDS, PENDING_MAX, Pool, Rules
from tests.simulation.effects.transactions import INCREMENT_JOBS, SignedTransaction, decode
from tests.simulation.nodes import Refusal, Traits
from tests.simulation.trace import Trace

CONTRACT, PROVIDER = b"\xc0" * 20, b"\x11" * 20
OWNER, STRANGER = KeySigner("11" * 32), KeySigner("22" * 32)


@pytest.fixture
def chain() -> AccountChain:
    """A chain on which `OWNER` may credit."""
    made = AccountChain(
        Chain.OPBNB,
        contract=CONTRACT,
        first=0,
        finality_lag=9,
        dice=Random("fair"),
        owner=OWNER.address,
        accounts_dice=Random("accounts"),
    )
    made.zeal = 1.0
    made.mine(0.0)
    return made


def credit(nonce: int, *, signer: KeySigner = OWNER, max_wei: int = 10_000, priority_wei: int = 2_000) -> bytes:
    """Return a signed credit."""
    return signer.sign(
        Transaction(
            chain_id=204,
            nonce=nonce,
            to=CONTRACT,
            data=INCREMENT_JOBS + PROVIDER.rjust(32, b"\0"),
            gas=90_000,
            fees=Fees(max_wei=max_wei, priority_wei=priority_wei),
        )
    ).raw


def node(chain: AccountChain, *, pool: Pool | None = None, **rules: bool) -> AccountNode:
    """Return a node with a pool of its own."""
    return AccountNode(chain, chain.view(), Traits(), Random(1), pool or Pool(Rules(**rules)), 1_000, True)


def refusal(pool: Pool, raw: bytes, chain: AccountChain) -> str:
    """Return with which words a pool refuses a transaction."""
    with pytest.raises(Refusal) as caught:
        pool.add(decode(raw), chain.accounts)
    return str(caught.value)


def settled(chain: AccountChain, *raw: bytes) -> None:
    """Let the sequencer mine some transactions."""
    for each in raw:
        chain.sequencer.add(decode(each), chain.accounts)
    while len(chain.sequencer):
        chain.mine(chain.head.number / 4)


def test_the_signer_is_read_from_the_signature() -> None:
    """As is everything else, from the bytes alone."""
    said: SignedTransaction = decode(credit(7))

    assert (OWNER.address, 7, PROVIDER, 204) == (said.sender, said.nonce, said.provider, said.chain_id)


@dataclass(frozen=True)
class Case:
    """A transaction that comes after others, and the first words of what a pool says to it."""

    before: tuple[bytes, ...]
    raw: bytes
    words: str


@pytest.mark.parametrize(
    "case",
    [
        Case((credit(0),), credit(0), "already known"),
        Case((credit(0),), credit(0, max_wei=10_999, priority_wei=3_000), "replacement transaction underpriced"),
        Case((credit(0),), credit(0, max_wei=20_000, priority_wei=2_199), "replacement transaction underpriced"),
        Case((), credit(1), "nonce too high"),
        Case((), credit(0, priority_wei=1_000), "transaction underpriced"),
        Case((), credit(0, max_wei=7, priority_wei=1_001), "max fee per gas less than block base fee"),
        Case((), credit(0, max_wei=10**15), "insufficient funds for gas"),
        Case(tuple(credit(nonce) for nonce in range(PENDING_MAX)), credit(PENDING_MAX), "account limit exceeded"),
    ],
    ids=lambda case: case.words,
)
def test_a_pool_refuses_as_op_geth_does(case: Case, chain: AccountChain) -> None:
    """And in its words."""
    pool = Pool(Rules(refuses_gaps=True, refuses_low_caps=True))
    for raw in case.before:
        pool.add(decode(raw), chain.accounts)

    assert refusal(pool, case.raw, chain).startswith(case.words)


def test_a_replacement_takes_the_place_of_the_first(chain: AccountChain) -> None:
    """When both fees are up by a tenth."""
    pool = Pool(Rules())
    pool.add(decode(credit(0)), chain.accounts)
    dearer = decode(credit(0, max_wei=11_000, priority_wei=2_200))
    pool.add(dearer, chain.accounts)

    assert [dearer] == pool.ready(chain.accounts)


def test_what_is_mined_counts_and_cannot_be_mined_again(chain: AccountChain) -> None:
    """The nonce is used, the provider is credited, and the log is that of the transaction."""
    settled(chain, credit(0), credit(1))
    own = [log for block in chain.canonical for log in block.logs if log.event == "JobCountIncremented"]

    assert (chain.accounts.nonce(OWNER.address), chain.accounts.counts[PROVIDER]) == (2, 2)
    assert [decode(credit(nonce)).hash for nonce in (0, 1)] == [log.transaction for log in own]
    assert refusal(Pool(Rules()), credit(0), chain).startswith("nonce too low")


def test_a_reorg_takes_a_transaction_back(chain: AccountChain) -> None:
    """Its receipt is gone where its block is gone, and a node on the old branch still has it."""
    settled(chain, credit(0))
    transaction_hash = "0x" + decode(credit(0)).hash.hex()
    before = node(chain).receipt(transaction_hash)
    chain.law = replace(chain.law, base_fee=10**9)
    chain.reorganise(depth=chain.depth_max(), growth=1, now=9.0)
    old = AccountNode(chain, chain.orphaned_view(0), Traits(), Random(1), Pool(Rules()), 1_000, True)

    assert before is not None
    assert None is node(chain).receipt(transaction_hash)
    assert before == old.receipt(transaction_hash)


def test_who_is_not_the_owner_may_not_credit(chain: AccountChain) -> None:
    """A dry run says so with the error of the ABI, and a transaction that is sent all the same fails in its block."""
    call = _call(STRANGER)
    with pytest.raises(Refusal) as caught:
        node(chain).estimate(call)
    settled(chain, credit(0, signer=STRANGER))
    receipt = node(chain).receipt("0x" + decode(credit(0, signer=STRANGER)).hash.hex())

    assert caught.value.wire["data"].startswith("0x118cdaa7")
    assert receipt is not None
    assert (receipt["status"], receipt["logs"]) == ("0x0", [])


def test_the_state_is_that_of_the_block_asked_for(chain: AccountChain) -> None:
    """By number, hash or tag; a block of another branch is not found."""
    before = chain.head
    settled(chain, credit(0))
    ours, there = "0x" + OWNER.address.hex(), node(chain)

    assert [
        there.transaction_count(ours, at)
        for at in (hex(before.number), {"blockHash": "0x" + before.hash.hex()}, "latest", "pending")
    ] == ["0x0", "0x0", "0x1", "0x1"]
    with pytest.raises(Refusal, match="header not found"):
        there.transaction_count(ours, {"blockHash": "0x" + "ab" * 32})


def test_pending_counts_what_waits_without_a_gap(chain: AccountChain) -> None:
    """And each node knows only its own pool."""
    pool = Pool(Rules())
    for nonce in (0, 1, 3):
        pool.add(decode(credit(nonce)), chain.accounts)
    ours = "0x" + OWNER.address.hex()

    assert tuple(each.transaction_count(ours, "pending") for each in (node(chain, pool=pool), node(chain))) == (
        "0x2",
        "0x0",
    )


def test_what_waits_behind_a_gap_is_forgotten_after_a_while(chain: AccountChain) -> None:
    pool = Pool(Rules())
    for nonce in range(1, 1 + PENDING_MAX):
        pool.add(decode(credit(nonce)), chain.accounts)
    assert refusal(pool, credit(0), chain) == "account limit exceeded"

    pool.expire(chain.accounts, 10.0)
    pool.expire(chain.accounts, 10.0 + LIFETIME_SECONDS - 1)
    assert len(pool) == PENDING_MAX

    pool.expire(chain.accounts, 10.0 + LIFETIME_SECONDS)
    pool.add(decode(credit(0)), chain.accounts)
    pool.expire(chain.accounts, 20.0 + 2 * LIFETIME_SECONDS)
    assert len(pool) == 1


def test_the_l1_fee_is_told_where_there_is_an_l1(chain: AccountChain) -> None:
    """Elsewhere nothing is at that address."""
    fee = node(chain).call({"to": L1_ORACLE, "data": "0x49948e0e"})

    assert int(fee, 16) > 0


@pytest.mark.parametrize("text", [text for text in REFUSALS if text != "internal error"])
def test_refusals_are_texts_that_have_a_meaning(text: str) -> None:
    """All but one: of that nobody knows what it means."""
    assert answer_of(text) is not Answer.PERHAPS_TAKEN


def bus() -> Bus:
    """Return a bus with a stream of jobs, in which nobody lets time pass."""
    made = Bus(lambda: 0.0, Random(1), Trace(lambda: 0.0))
    made.add_stream(StreamConfig(name="JOBS", subjects=["jobs.>"], duplicate_window=60.0))
    made.add_consumer("JOBS", ConsumerConfig(durable_name="one", filter_subject="jobs.one", ack_wait=30.0))
    return made


def test_a_message_id_is_stored_once() -> None:
    """Within the window."""
    made = bus()
    first, again = (made.publish("jobs.one", b"{}", {"Nats-Msg-Id": "a"}) for _ in range(2))

    assert (first.duplicate, again.duplicate) == (False, True)
    assert len(made.take("JOBS", "one", 9)) == 1


def test_what_is_not_acknowledged_comes_again() -> None:
    """At once when it was given back; what was acknowledged never does, and what is for others neither."""
    made = bus()
    for subject in ("jobs.one", "jobs.two", "jobs.one"):
        made.publish(subject, b"{}", {})
    taken = [each.sequence for each in made.take("JOBS", "one", 9)]
    made.acknowledge("JOBS", "one", 1)
    made.give_back("JOBS", "one", 3)

    assert (taken, [each.sequence for each in made.take("JOBS", "one", 9)]) == ([1, 3], [3])


def test_a_work_queue_forgets_what_was_dealt_with() -> None:
    """And a restored one has it again."""
    made = bus()
    made.add_stream(StreamConfig(name="REPORTS", subjects=["agents.*.status"], retention=RetentionPolicy.WORK_QUEUE))
    made.add_consumer("REPORTS", ConsumerConfig(durable_name="reader", ack_wait=10.0))
    made.publish("agents.a.status", b"{}", {})
    saved = made.save()
    made.acknowledge("REPORTS", "reader", made.take("REPORTS", "reader", 1)[0].sequence)

    assert not made.streams["REPORTS"].messages
    made.restore(saved)
    assert len(made.take("REPORTS", "reader", 1)) == 1


@pytest.mark.parametrize(
    ("pattern", "subject", "fits"),
    [("a.*.c", "a.b.c", True), ("a.*.c", "a.b.d", False), ("a.>", "a.b.c", True), ("a.>", "a", False)],
)
def test_subjects_match_as_on_nats(pattern: str, subject: str, fits: bool) -> None:
    """A star is one word, and an arrow is one or more at the end."""
    assert fits is matches(pattern, subject)


def _call(signer: KeySigner) -> Json:
    data = INCREMENT_JOBS + PROVIDER.rjust(32, b"\0")
    return {"from": "0x" + signer.address.hex(), "to": "0x" + CONTRACT.hex(), "data": "0x" + data.hex()}
