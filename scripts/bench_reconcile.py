"""How fast a book of many orders is reconciled, beside what asking a venue takes; prints one JSON object.

Every order has a fill. `same` finds nothing; `different` has every tenth order changed, and the node's cache as a third column.
`look` is all that a look of `tc reconcile` does beside reading: it also judges whether venue and node state what can be.
`document` reads the venue's side from the text of an `--observed` file. Each figure is the best of some rounds, in milliseconds.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import msgspec

from tc.checks.reconcile import HeldBalance, HeldFill, HeldOrder, HeldPosition, Holdings, findings_of, reconcile
from tc.checks.reconcile.observed.convert import holdings_of, observed_document, statable
from tc.checks.reconcile.observed.reading import parse_observed

INSTRUMENT = "BTCUSDT-PERP.BINANCE"
STATUSES = ("ACCEPTED", "PARTIALLY_FILLED", "FILLED", "CANCELED")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="orders in the book, each with a fill")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    arguments = parser.parse_args()
    held, seen = book(arguments.orders), book(arguments.orders)
    different = replace(seen, orders=tuple(changed(number, order) for number, order in enumerate(orders_of(seen))))
    text = msgspec.json.encode(observed_document(seen))
    measured = {
        "same": best(arguments.rounds, lambda: checked(held, seen, 0)),
        "different": best(arguments.rounds, lambda: checked(held, different, -(-arguments.orders // 10), cached=seen)),
        "look": best(arguments.rounds, lambda: checked(held, statable(seen, whose="it"), 0)),
        "document": best(arguments.rounds, lambda: holdings_of(parse_observed(text, source="generated"))),
    }
    print(json.dumps({"benchmark": "reconcile", "orders": arguments.orders, "fills": arguments.orders, **measured}))


def book(count: int) -> Holdings:
    """Return holdings whose values are objects of their own, as two sources give them."""
    return Holdings(
        tuple(
            HeldOrder(
                f"O-20261121-{number}",
                INSTRUMENT,
                "BUY" if number % 2 else "SELL",
                Decimal("0.010"),
                Decimal("0.005"),
                STATUSES[number % len(STATUSES)],
                Decimal(98_000_00 + number).scaleb(-2),
                None,
                str(8_000_000_000 + number),
            )
            for number in range(count)
        ),
        tuple(
            HeldFill(
                str(5_000_000_000 + number),
                INSTRUMENT,
                "BUY" if number % 2 else "SELL",
                Decimal("0.005"),
                Decimal(98_000_00 + number).scaleb(-2),
                Decimal("0.19600000"),
                "USDT",
                f"O-20261121-{number}",
                str(8_000_000_000 + number),
                number,
            )
            for number in range(count)
        ),
        (HeldPosition(INSTRUMENT, Decimal("0.005")),),
        (HeldBalance("USDT", Decimal("99804.00000000")),),
    )


def orders_of(held: Holdings) -> tuple[HeldOrder, ...]:
    """Return the orders, which are known."""
    return held.orders if isinstance(held.orders, tuple) else ()


def changed(number: int, order: HeldOrder) -> HeldOrder:
    """Return every tenth order with another filled quantity."""
    return order if number % 10 else replace(order, filled=Decimal("0.004"))


def checked(held: Holdings, seen: Holdings, findings: int, *, cached: Holdings | None = None) -> None:
    """Reconcile; as many findings must come of it."""
    found = len(findings_of(reconcile(held, seen, cached)))
    if found != findings:
        sys.exit(f"{found} findings where there are {findings}")


def best(rounds: int, run: Callable[[], object]) -> dict[str, float]:
    """Return the shortest times of some rounds, of the wall clock and of the processor, in milliseconds."""
    walls, processors = [], []
    for _ in range(rounds):
        wall, processor = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return {"wall_ms": round(min(walls) * 1e3, 1), "cpu_ms": round(min(processors) * 1e3, 1)}


if __name__ == "__main__":
    main()
