"""An honest program that needs local sockets: asyncio's event loop talks to itself over a pair."""

import asyncio
from pathlib import Path


async def main() -> int:
    return sum(await asyncio.gather(*(asyncio.sleep(0.01, result=number) for number in range(10))))


Path("/out/sum.csv").write_text(f"sum\n{asyncio.run(main())}\n")
