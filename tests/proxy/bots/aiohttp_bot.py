"""A bot on the aiohttp library; it takes proxies from its environment, as its users know it."""

import asyncio
import json
import ssl
import sys

import aiohttp


async def main(url: str) -> None:
    context = ssl.create_default_context()
    async with (
        aiohttp.ClientSession(trust_env=True) as session,
        session.ws_connect(url, ssl=context if url.startswith("wss") else True, compress=15) as line,
    ):
        for number in (1, 2):
            await line.send_str(json.dumps({"id": number, "op": "order", "text": "grüße"}))
            assert json.loads((await line.receive()).data)["id"] == number
        await line.ping(b"still there?")
        await line.close(code=1000)


asyncio.run(main(sys.argv[1]))
