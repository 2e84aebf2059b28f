"""
A JSON-RPC endpoint for both synthetic chains, in a process of its own.

    python -m tests.synthetic.server '{"bsc": {"blocks": 100, "density": 10}, …, "results_max": 10000}'

prints the port it listens on. `/bsc` and `/opbnb` are the two chains; the last ten blocks are not final. Like many
public endpoints it refuses an answer of more than so many logs, and says which range would do.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from benchmarks.ingest.workload import CONTRACTS
from models.values import Chain
from tests.synthetic import pages
from tests.synthetic.ledger import Ledger

UNFINAL_BLOCKS = 10
CHAIN_IDS = {Chain.BSC: 56, Chain.OPBNB: 204}


class Refusal(Exception):
    """What the endpoint says instead of an answer."""


class Endpoint:
    """Answers for one chain."""

    def __init__(self, ledger: Ledger, results_max: int) -> None:
        self._ledger = ledger
        self._results_max = results_max

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a batch."""
        calls = msgspec.json.decode(await request.read())
        return web.Response(text=f"[{','.join(map(self._reply, calls))}]", content_type="application/json")

    def _reply(self, call: dict[str, Any]) -> str:
        try:
            return f'{{"jsonrpc":"2.0","id":{call["id"]},"result":{self._result(call["method"], call["params"])}}}'
        except Refusal as refusal:
            error = json.dumps({"code": -32602, "message": str(refusal)})
            return f'{{"jsonrpc":"2.0","id":{call["id"]},"error":{error}}}'

    def _result(self, method: str, parameters: list[Any]) -> str:
        match method:
            case "eth_chainId":
                return f'"{CHAIN_IDS[self._ledger.chain]:#x}"'
            case "eth_getCode":
                return '"0x60"' if parameters[0] == "0x" + CONTRACTS[self._ledger.chain].hex() else '"0x"'
            case "eth_getBlockByNumber":
                number = self._number(parameters[0])
                return pages.header(self._ledger, number) if number <= self._ledger.blocks else "null"
            case "eth_getLogs":
                return f"[{','.join(self._logs(parameters[0]))}]"
        raise Refusal(f"the method {method} does not exist")

    def _logs(self, wanted: dict[str, Any]) -> list[str]:
        if "blockHash" in wanted:
            return pages.logs(self._ledger, int(wanted["blockHash"][4:], 16))
        first, last = self._number(wanted["fromBlock"]), min(self._number(wanted["toBlock"]), self._ledger.blocks)
        found: list[str] = []
        for number in range(first, last + 1):
            found += pages.logs(self._ledger, number)
            if len(found) > self._results_max:
                raise Refusal(
                    f"query returned more than {self._results_max} results. "
                    f"Try with this block range [{first:#x}, {max(first, number - 1):#x}]."
                )
        return found

    def _number(self, name: str) -> int:
        blocks = self._ledger.blocks
        return {"latest": blocks, "finalized": blocks - UNFINAL_BLOCKS}.get(name) or int(name, 16)


@asynccontextmanager
async def synthetic_server(*ledgers: Ledger, results_max: int = 10_000) -> AsyncIterator[dict[Chain, str]]:
    """Run the server in a process of its own; yield the URL of each chain."""
    order = {each.chain.value: {"blocks": each.blocks, "density": each.density} for each in ledgers}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, json.dumps({"chains": order, "results_max": results_max})),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        yield {each.chain: f"http://127.0.0.1:{port}/{each.chain}" for each in ledgers}
    finally:
        process.terminate()
        await process.wait()


async def serve(order: dict[str, Any]) -> None:
    """Serve what is ordered until the process ends."""
    application = web.Application(client_max_size=2**24)
    for name, size in order["chains"].items():
        ledger = Ledger(chain=Chain(name), **size)
        application.router.add_post(f"/{name}", Endpoint(ledger, order["results_max"]).answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
