"""What `lamda doctor` makes of what it saw: each check that can fail fails for its reason, and says what to do."""

from dataclasses import replace

import pytest

from lamda import diagnose
from lamda.appraise import appraise
from lamda.checkup_values import (
    BusSeen,
    ChainExpected,
    DatabaseSeen,
    EndpointSeen,
    Finding,
    LogsAnswer,
    LogsSeen,
    ProgramsSeen,
    SettingsSeen,
    Verdict,
    WalletSeen,
)
from lamda.doctor_page import page, summary
from models.values import BlockId, Chain

BSC = ChainExpected(
    chain=Chain.BSC,
    chain_id=56,
    contract=b"\1" * 20,
    contract_name="JobManager",
    start_block=1_000,
    next_block=900_000,
    genesis=b"g" * 32,
    final=BlockId(number=899_990, hash=b"f" * 32),
)
WELL = EndpointSeen(
    name="a.example.com",
    chain_id=56,
    genesis=b"g" * 32,
    at_ours=b"f" * 32,
    head=900_100,
    head_age_seconds=1,
    finalized=900_098,
    has_contract=True,
    gives_receipts=True,
    logs=LogsSeen(answer=LogsAnswer.GIVEN, oldest=1_000, oldest_age_seconds=400_000),
)
OTHER = replace(WELL, name="b.example.com")
DATABASE = DatabaseSeen(
    place="postgresql://db/lamda",
    server=180_001,
    revision="0010",
    newest="0010",
    schema_trouble=None,
    is_standby=False,
    clock_skew_seconds=0.1,
    connections=10,
    connections_max=100,
)
WALLET = WalletSeen(address=b"\2" * 20, owner=b"\2" * 20, balance=10**17, gas_price=10**7, pending=0)


def only(findings: list[Finding], verdict: Verdict) -> str:
    """Return the text and the remedy of the only finding with a verdict."""
    (found,) = [each for each in findings if each.verdict is verdict]
    assert found.remedy or verdict is not Verdict.FAILED, "what is wrong has a remedy"
    return f"{found.text} {found.remedy or ''}"


def test_nothing_is_found_where_all_is_well() -> None:
    findings = [
        *diagnose.diagnose_settings(SettingsSeen()),
        *diagnose.diagnose_database(DATABASE),
        *appraise(BSC, [WELL, OTHER]),
        *diagnose.diagnose_wallet(WALLET),
        *diagnose.diagnose_bus(BusSeen(place="nats:4222", version="2.15.0")),
        *diagnose.diagnose_programs(ProgramsSeen(chains={Chain.BSC: (), Chain.OPBNB: ()}, signers=(("SIGNS", ""),))),
    ]

    assert {Verdict.WELL} == {each.verdict for each in findings}
    assert summary(findings) == "nothing is wrong; 0 to note, 0 not checked"


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (EndpointSeen(name="a", trouble="no route"), "a does not answer: no route"),
        (replace(WELL, chain_id=97), "is of chain 97, BSC_CHAIN_ID says 56"),
        (replace(WELL, genesis=b"h" * 32), "another genesis block"),
        (replace(WELL, at_ours=b"o" * 32), f"another block 899,990 than ours, which was final: it has 0x{'6f' * 32}"),
        (replace(WELL, has_contract=False), "no contract JobManager at 0x0101"),
        (replace(WELL, head_age_seconds=300), "stands still: its newest block is 5 min old"),
        (replace(WELL, finalized=None), "does not say what is finalized"),
        (replace(WELL, logs=LogsSeen(answer=LogsAnswer.OFF)), "eth_getLogs switched off"),
        (replace(WELL, logs=LogsSeen(answer=LogsAnswer.REFUSED, said="no plan")), "gives no logs: no plan"),
    ],
)
def test_an_endpoint_that_will_not_do_is_named_with_its_reason(seen: EndpointSeen, words: str) -> None:
    """The others make up for it, so nothing else is wrong; who is left alone is to be noted."""
    findings = appraise(BSC, [OTHER, seen])

    assert words in only(findings, Verdict.FAILED)


def test_a_chain_without_a_fit_endpoint_is_told_as_a_whole() -> None:
    """Beside what is wrong with each."""
    findings = appraise(BSC, [replace(WELL, logs=LogsSeen(answer=LogsAnswer.OFF))])

    assert "no endpoint is fit to index from" in findings[-1].text
    assert "BSC_RPC_URL" in (findings[-1].remedy or "")


@pytest.mark.parametrize(
    ("oldest", "verdict", "words"),
    [
        (899_999, Verdict.NOTE, "enough to go on, not to read history again"),
        (900_050, Verdict.FAILED, "no endpoint keeps logs of block 900,000, which is read next"),
    ],
)
def test_history_that_is_gone_is_noticed(oldest: int, verdict: Verdict, words: str) -> None:
    """Before it is needed it is a note; once it is needed, the indexer can only wait."""
    short = LogsSeen(answer=LogsAnswer.GIVEN, oldest=oldest, oldest_age_seconds=4_500)
    findings = appraise(BSC, [replace(WELL, logs=short), replace(OTHER, logs=short)])

    assert any(each.verdict is verdict and words in each.text for each in findings)
    assert sum("75 min back" in each.text for each in findings) == 2


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (replace(WELL, head=900_050, finalized=900_049), "50 blocks behind the best"),
        (replace(WELL, finalized=899_000), "calls final 1,098 blocks less than the best of them where it stays so"),
        (replace(WELL, gives_receipts=False), "eth_getBlockReceipts"),
    ],
)
def test_an_endpoint_that_will_do_for_now_is_noted(seen: EndpointSeen, words: str) -> None:
    """The exit code stays 0."""
    findings = appraise(BSC, [OTHER, seen])

    assert words in only(findings, Verdict.NOTE)


def test_finality_that_trails_everywhere_is_the_chain_s_trouble() -> None:
    """Nobody is to be taken out for it."""
    late = [replace(each, finalized=899_000) for each in (WELL, OTHER)]
    findings = appraise(BSC, late)

    assert {(each.verdict, each.remedy) for each in findings} == {
        (Verdict.NOTE, "docs/operations/finality.md says what to do and what not")
    }
    assert "finality trails 1,100 blocks behind the head: no effect happens meanwhile" in findings[0].text


def test_one_endpoint_alone_is_noted() -> None:
    assert "only one endpoint" in only(appraise(BSC, [WELL]), Verdict.NOTE)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (replace(DATABASE, server=140_009), "Postgres 14.9 at postgresql://db/lamda is too old"),
        (replace(DATABASE, is_standby=True), "is a standby"),
        (replace(DATABASE, schema_trouble="schema is at 0009: run `lamda migrate`"), "schema is at 0009"),
    ],
)
def test_a_database_that_will_not_do_is_told(seen: DatabaseSeen, words: str) -> None:
    assert words in only(diagnose.diagnose_database(seen), Verdict.FAILED)


def test_what_can_wait_is_noted() -> None:
    """Neither stops anything."""
    assert "42 s apart" in only(diagnose.diagnose_database(replace(DATABASE, clock_skew_seconds=-42)), Verdict.NOTE)
    assert "migrate --after" in only(diagnose.diagnose_database(replace(DATABASE, revision="0009")), Verdict.NOTE)
    assert "95 of 100" in only(diagnose.diagnose_database(replace(DATABASE, connections=95)), Verdict.NOTE)


@pytest.mark.parametrize(
    ("seen", "verdict", "words"),
    [
        (replace(WALLET, owner=b"\3" * 20), Verdict.FAILED, "does not own NodeReputation, 0x0303"),
        (replace(WALLET, balance=0), Verdict.FAILED, "enough for about 0 credits"),
        (replace(WALLET, balance=5 * 60_000 * 10**7), Verdict.NOTE, "enough for about 5 credits"),
        (replace(WALLET, pending=3), Verdict.NOTE, "3 of its transactions wait"),
    ],
)
def test_a_wallet_that_cannot_credit_is_told(seen: WalletSeen, verdict: Verdict, words: str) -> None:
    assert words in only(diagnose.diagnose_wallet(seen), verdict)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (BusSeen(place="nats:4222", version="2.9.25"), "NATS 2.9.25 at nats:4222 has no auth callout"),
        (BusSeen(place="nats:4222", version="2.15.0", streams_said="no responders"), "no JetStream: no responders"),
    ],
)
def test_a_bus_that_will_not_do_is_told(seen: BusSeen, words: str) -> None:
    assert words in only(diagnose.diagnose_bus(seen), Verdict.FAILED)


def test_settings_that_read_well_and_are_dangerous_are_told() -> None:
    """More of them count in production."""
    seen = SettingsSeen(
        problems=("API_PORT=0 is wrong",),
        is_production=True,
        has_bus=False,
        has_sign_in_domains=False,
        open_files=("/run/key",),
    )
    findings = diagnose.diagnose_settings(seen)
    failed = [each.text for each in findings if each.verdict is Verdict.FAILED]

    assert failed[0] == "API_PORT=0 is wrong"
    assert "/run/key holds a secret" in failed[1]
    assert "nobody can sign in" in failed[2]
    assert "NATS_URL is unset in production" in only(findings, Verdict.NOTE)
    assert diagnose.diagnose_settings(replace(seen, is_production=False)) == findings[:2]


def test_programs_leave_word_of_what_they_wait_for() -> None:
    """A halt and a paused chain need a person; the rest is noted."""
    seen = ProgramsSeen(
        chains={Chain.BSC: ("catching up",)},
        pauses={Chain.BSC: "paused: a fork"},
        signers=(("HALTED", "a stranger"), ("PAUSED", "fees")),
    )
    findings = diagnose.diagnose_programs(seen)

    assert [each.text for each in findings] == [
        "bsc: paused: a fork",
        "bsc: catching up",
        "nothing of opbnb is indexed yet",
        "the signer of credits is halted: a stranger",
        "the signer of credits is paused: fees",
    ]
    failed = [each.remedy or "" for each in findings if each.verdict is Verdict.FAILED]
    assert ["lamda resume" in failed[0], "lamda credits adopt" in failed[1]] == [True, True]


def test_the_page_says_each_subject_once_and_what_to_do() -> None:
    findings = appraise(BSC, [WELL])

    assert page(findings).plain.splitlines() == [
        "bsc       ✓ a.example.com: chain 56, head 900,100, final 900,098, logs back to the start block",
        "          ! there is only one endpoint to ask: nobody gives a second word before an effect, or when it fails",
        "          → name a second one of another operator in BSC_RPC_URL",
        "nothing is wrong; 1 to note, 0 not checked",
    ]
