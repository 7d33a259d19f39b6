"""A bare client of the provider: what asking takes without the product between."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import uvloop


def ask_directly(base_url: str, *, count: int, slots: int) -> float:
    """Seconds for so many streamed prompts, so many at once, over connections that are all new."""
    return uvloop.run(_ask_all(f"{base_url}/chat/completions", count, slots))


async def _ask_all(url: str, count: int, slots: int) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=slots)) as session:
        began_s = time.perf_counter()
        await asyncio.gather(*(_ask(session, url, number) for number in range(count)))
        return time.perf_counter() - began_s


async def _ask(session: aiohttp.ClientSession, url: str, number: int) -> None:
    body = {
        "model": "simulated/small",
        "messages": [{"role": "user", "content": f"What is {number} plus one?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    async with session.post(url, json=body) as response:
        answer = await response.read()
        if response.status != 200 or b"[DONE]" not in answer:
            raise SystemExit(f"no whole answer: {response.status} {answer[:300]!r}")
