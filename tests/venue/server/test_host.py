"""The fault port answers who names this machine, by its whole name."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession

from venue_clock import ManualClock
from venue_here import serving_here, venue_here

OWN = ["127.0.0.1", "127.0.0.1:8701", "127.9.9.9:1", "localhost", "LOCALHOST:80", "[::1]", "[::1]:8701"]
FOREIGN = [
    "127.evil.com", "localhost.evil.com", "localhost:80.evil.com", "127.0.0.1.evil.com:80", "[::1].evil.com", "evil.com", "127.1",
    "127.0.0.1:", "127.0.0.256", "10.0.0.1", "[::2]:80", "localhost.", "::1", "0x7f000001",
]  # fmt: skip


@pytest.mark.parametrize("path", ["counters", "requests", "reset"])
@pytest.mark.parametrize(("hosts", "status"), [(OWN, 200), (FOREIGN, 403)])
def test_a_host_is_compared_whole(tmp_path: Path, hosts: list[str], status: int, path: str) -> None:
    async def go() -> None:
        with venue_here(tmp_path, ManualClock()) as venue:
            async with serving_here(venue) as url, ClientSession() as session:
                for host in hosts:
                    method = "POST" if path == "reset" else "GET"
                    async with session.request(method, f"{url}/_fault/{path}", headers={"Host": host}) as response:
                        assert (host, response.status) == (host, status)

    asyncio.run(go())
