"""
The commands of an operator that act on a running system, or compare it with the chains.

Each that acts hands in a request and follows it; `lamda.following` says who does the work.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

import migrations
from chain.errors import RpcError
from chain.rpc import Rpc
from indexer.rereading_values import Findings
from lamda import audit as audit_page
from lamda import credit_queries, queries
from lamda import findings as findings_page
from lamda.databases import opened
from lamda.following import Desk, Stopped, open_desk
from lamda.operators import operator
from lamda.pooled import run_on_database
from lamda.running import DATA, DataOption, page, run
from lamda.sources import sources
from models.requests import Request, RequestKind
from models.values import Chain, ProofLevel
from runtime import feed
from runtime.asking_store import NewRequest
from runtime.database import DATABASE_TROUBLE, Pool, open_pool
from runtime.errors import CannotRun
from runtime.settings import CommonSettings, IndexerSettings, load

operating = typer.Typer()

INTERRUPTED = 130
"""The exit code of a program that was stopped from outside."""

OneChain = Annotated[Chain, typer.Option("--chain", help="Which chain.")]
EitherChain = Annotated[Chain | None, typer.Option("--chain", help="This chain only.")]
Level = Annotated[
    ProofLevel,
    typer.Option(
        "--level", case_sensitive=False, help="How the blocks are to be proven; each level includes those before."
    ),
]


@operating.command()
def reindex(
    chain: OneChain,
    from_block: Annotated[int, typer.Option("--from-block", min=0, help="The first block to read again.")],
    level: Level = ProofLevel.BLOOM,
    data: DataOption = DATA,
) -> None:
    """Read a chain again from a block on, and apply what differs, in one go; say what it was."""

    async def program(desk: Desk) -> None:
        request = _new(RequestKind.REINDEX, chain, first=from_block, level=level, repairs=True)
        _tell(desk, chain, await desk.ask(request))

    _operate(program, data)


@operating.command()
def verify(
    chain: EitherChain = None,
    from_block: Annotated[int | None, typer.Option("--from-block", min=0, help="Else the start block.")] = None,
    to_block: Annotated[int | None, typer.Option("--to-block", min=0, help="Else the last final block.")] = None,
    level: Level = ProofLevel.BLOOM,
    repair: Annotated[bool, typer.Option("--repair", help="Apply what differs.")] = False,
    data: DataOption = DATA,
) -> None:
    """Read final blocks again and say where our tables differ; exit 1 when they do and are not mended."""
    if chain is None and (from_block is not None or to_block is not None):
        raise CannotRun("--from-block and --to-block are of one chain: name it with --chain")

    async def program(desk: Desk) -> None:
        chains = [chain] if chain else await queries.chains(desk.pool)
        differing = []
        for each in chains:
            request = _new(RequestKind.VERIFY, each, first=from_block, last=to_block, level=level, repairs=repair)
            differing.append(_tell(desk, each, await desk.ask(request)))
        if any(differing) and not repair:
            raise typer.Exit(1)

    _operate(program, data)


@operating.command()
def resume(chain: OneChain, data: DataOption = DATA) -> None:
    """Let a paused chain go on. After a reorg deeper than finality, this is the word to take back what left it."""

    async def program(desk: Desk) -> None:
        ended = (await desk.ask(_new(RequestKind.RESUME, chain))).result or {}
        if ended.get("reason") is None:
            desk.console.print(f"{chain} is not paused")
            return
        desk.console.print(f"{chain} goes on; it was paused: {ended['reason']}", soft_wrap=True)
        if ended["fork"] is not None:
            desk.console.print(f"what we have above block {ended['fork']:,} is taken back where the chain left it")

    _operate(program, data)


@operating.command()
def restored(data: DataOption = DATA) -> None:
    """
    Say that the database was restored from a backup, before any program is started on it again.

    Cursors of subscribers from before are refused from then on, for their positions will be given anew. Nothing is
    credited before what was signed since the backup is accounted for (`lamda credits restored`).
    """

    async def program(pool: Pool) -> None:
        async with pool.connection() as connection:
            await feed.begin_lineage(connection)
        signers = await credit_queries.restored(pool)
        typer.echo("the feed begins a new lineage: subscribers read anew")
        swept = (
            "the next nonces are spent on transfers before anything is credited" if signers else "nobody signed here"
        )
        typer.echo(f"{swept}; `lamda credits` shows how far. Start `lamda index` first, `lamda react` once it is level")

    run_on_database(program, data, program="restored")


@operating.command()
def audit(chain: EitherChain = None, data: DataOption = DATA) -> None:
    """Compare our rows with the contracts' own counters; exit 1 when one that must be equal is not."""
    from indexer.audit import Auditor

    common, indexer = load(CommonSettings, IndexerSettings)

    async def program(_: asyncio.Event) -> None:
        async with (
            opened(common, data) as database,
            open_pool(database.url, program="audit", size=2, wait_seconds=common.connect_timeout_seconds) as pool,
        ):
            await asyncio.to_thread(migrations.check, database.url)
            found = []
            for source in sources([chain] if chain else list(Chain), indexer, world=database.world):
                async with Rpc(source.urls) as rpc:
                    try:
                        found.append(await Auditor(pool, rpc, source.followed).audit())
                    except RpcError as error:
                        raise CannotRun(f"{source.followed.chain} cannot be audited now: {error}") from error
                page().print(audit_page.page(found[-1]))
            if any(each.is_wrong for each in found):
                raise typer.Exit(1)

    run(program, common, level="ERROR")


def _new(
    kind: RequestKind,
    chain: Chain,
    *,
    first: int | None = None,
    last: int | None = None,
    level: ProofLevel | None = None,
    repairs: bool = False,
) -> NewRequest:
    return NewRequest(
        kind=kind,
        chain=chain,
        first_block=first,
        last_block=last,
        level=level,
        repairs=repairs,
        requested_by=operator(),
    )


def _tell(desk: Desk, chain: Chain, request: Request) -> bool:
    """Print what a range showed; return whether anything differed."""
    assert request.result is not None, "a request that did not fail has a result"
    found = Findings.of_json(request.result)
    desk.console.print(findings_page.page(chain, found))
    return bool(found.total)


def _operate(work: Callable[[Desk], Awaitable[None]], data: DataOption) -> None:
    common, indexer = load(CommonSettings, IndexerSettings)

    async def program(stop: asyncio.Event) -> None:
        console = page()
        async with open_desk(common, indexer, data, console, stop) as desk:
            try:
                await work(desk)
            except Stopped as stopped:
                console.print(str(stopped))
                raise typer.Exit(INTERRUPTED) from stopped
            except DATABASE_TROUBLE as error:
                raise CannotRun(f"the database went away; the request may still be done: {error}") from error

    run(program, common, level="ERROR")
