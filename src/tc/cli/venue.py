"""`tc venue`: the loopback exchange, to trade on without a venue in the world."""

import json
import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from tc import wiring

app = typer.Typer(
    help="The loopback exchange: speaks the protocol of Binance USD-M futures on this machine.", no_args_is_help=True
)

Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="A loopback address; no other is taken.")]
Port = Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")]
MarketData = Annotated[
    str,
    typer.Option(
        "--market-data", metavar="generator|FILE", help="A market made from --seed, or a recorded stream (.gz or plain)."
    ),
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="FILE", help="Where orders, fills and balances are kept; left out, they are gone at the end."
    ),
]
Flushed = Annotated[
    bool, typer.Option("--flush", help="Wait for the disk with each order, so that the state survives the machine's end too.")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Which market the generator makes.")]
Rate = Annotated[int, typer.Option("--rate", metavar="N", min=1, max=1_000_000, help="Steps of the generator in a second.")]
StartPrice = Annotated[str, typer.Option("--start-price", metavar="PRICE", help="Where the generator begins.")]
Speed = Annotated[str, typer.Option("--speed", metavar="X|max", help="How many times as fast as real time the market runs.")]
AtEnd = Annotated[
    Literal["loop", "stop"],
    typer.Option("--at-end", help="What a recording does at its end: begin again, or leave the book as it is."),
]
Symbol = Annotated[
    str,
    typer.Option(
        "--symbol", metavar="SYMBOL|ID|FILE", help="What is traded: a perpetual's symbol, instrument id, or document (.yaml)."
    ),
]
StartingBalance = Annotated[
    str, typer.Option("--starting-balance", metavar="MONEY", help="What the wallet of a new state holds.")
]
AccountLeverage = Annotated[
    int,
    typer.Option(
        "--leverage", metavar="N", min=1, max=125, help="The account's leverage in a new state; POST leverage changes it."
    ),
]
WeightLimit = Annotated[
    int, typer.Option("--weight-limit", metavar="N", min=0, help="Request weight in a minute before 429 and 418; 0 for none.")
]
OrderLimit = Annotated[
    int, typer.Option("--order-limit", metavar="N", min=0, help="New orders in a minute, a quarter of it in 10 s; 0 for none.")
]
ListenKeyLifetime = Annotated[
    int, typer.Option("--listen-key-lifetime", metavar="SECONDS", min=1, help="How long a listenKey lives without a keep-alive.")
]
WithFaults = Annotated[bool, typer.Option("--faults", help="Open the fault port, /_fault/…, by which the venue can be broken.")]
ApiKeyName = Annotated[
    str, typer.Option("--api-key-env", metavar="NAME", help="The environment variable that holds the API key.")
]
ApiSecretName = Annotated[str, typer.Option("--api-secret-env", metavar="NAME", help="The one that holds the API secret.")]
EndsWithInput = Annotated[
    bool, typer.Option("--until-stdin-closes", help="End when standard input does: with the parent process.")
]


@app.callback()
def venue() -> None:
    """Give the group its name, so that `serve` is a command of it and not the whole."""


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 0,
    market_data: MarketData = "generator",
    state: State = None,
    flush: Flushed = False,
    seed: Seed = 1,
    rate: Rate = 30,
    start_price: StartPrice = "60000",
    speed: Speed = "1",
    at_end: AtEnd = "loop",
    symbol: Symbol = "BTCUSDT-PERP.BINANCE",
    starting_balance: StartingBalance = "100000 USDT",
    leverage: AccountLeverage = 20,
    weight_limit: WeightLimit = 2_400,
    order_limit: OrderLimit = 1_200,
    listen_key_lifetime: ListenKeyLifetime = 3_600,
    faults: WithFaults = False,
    api_key_env: ApiKeyName = "TC_VENUE_API_KEY",
    api_secret_env: ApiSecretName = "TC_VENUE_API_SECRET",  # noqa: S107 - the name of a variable
    until_stdin_closes: EndsWithInput = False,
) -> None:
    """Serve until SIGTERM or Ctrl-C; one line of JSON says when it is ready, and where."""
    options = wiring.VenueOptions(
        host=host,
        port=port,
        market_data=market_data,
        state=state,
        is_flushed=flush,
        seed=seed,
        rate=rate,
        start_price=start_price,
        speed=speed,
        is_looping=at_end == "loop",
        symbol=symbol,
        starting_balance=starting_balance,
        leverage=leverage,
        weight_limit=weight_limit,
        order_limit=order_limit,
        listen_key_lifetime_s=listen_key_lifetime,
        has_faults=faults,
        api_key_env=api_key_env,
        api_secret_env=api_secret_env,
        ends_with_stdin=until_stdin_closes,
    )
    wiring.serve_venue(options, lambda url: _say_ready(url, has_faults=faults))


def _say_ready(url: str, *, has_faults: bool) -> None:
    print(json.dumps({"ready": True, "url": url, "pid": os.getpid(), "faults": has_faults}), flush=True)
