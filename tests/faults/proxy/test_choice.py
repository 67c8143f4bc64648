"""Whom a toxic bites on is decided by the seed alone, connection by connection."""

import pytest

from proxied import Bench, Pair, bench, is_silent, until
from tc.faults.proxy.making import toxic_of
from tc.faults.proxy.toxic import Toxic
from tc.spec.drills.fault_parameters.transport import BlackHole, Latency


def decisions(seed: int, toxicity: str) -> list[bool]:
    """Return on which of some connections a black hole bites."""
    with bench(seed) as line:
        toxic = toxic_of(BlackHole(toxicity=toxicity, direction="upstream"))
        line.proxy.add(toxic)
        pairs = [line.pair() for _ in range(12)]
        for each in pairs:
            each.client.sendall(b"x")
        until(lambda: toxic.bites.times + line.proxy.counters().upstream_bytes == len(pairs))
        return [is_silent(each.server) for each in pairs]


def test_the_same_seed_bites_on_the_same_connections_and_another_on_others() -> None:
    assert decisions(7, "0.5") == decisions(7, "0.5") != decisions(8, "0.5")


def test_toxicity_is_the_share_of_connections() -> None:
    toxic = toxic_of(Latency(latency_s="1", toxicity="0.3"))
    toxic.begin("1/1")
    assert sum(toxic.concerns(_Numbered(number)) for number in range(2000)) == pytest.approx(600, abs=80)
    assert all(toxic_of(BlackHole()).concerns(_Numbered(number)) for number in range(100))
    assert not any(toxic_of(BlackHole(toxicity="0")).concerns(_Numbered(number)) for number in range(100))


def test_of_a_kind_only_the_order_among_its_own_counts() -> None:
    alone, between = (
        toxic_of(BlackHole(connections="user", toxicity="0.5")),
        toxic_of(BlackHole(connections="user", toxicity="0.5")),
    )
    for each in (alone, between):
        each.begin("1/1")
    assert _bitten(alone, [_Numbered(number, "user", number) for number in range(40)]) == _bitten(
        between, [_Numbered(3 * number, "user", number) for number in range(40)]
    )


def test_a_kind_is_counted_among_its_own(line: Bench) -> None:
    toxic = toxic_of(BlackHole(connections="user", toxicity="0.5", direction="downstream"))
    line.proxy.add(toxic)
    pairs: list[Pair] = []
    for _ in range(8):
        line.pair("http")
        pairs.append(line.pair("user"))
    for each in pairs:
        each.server.sendall(b"x")
    until(lambda: toxic.bites.times + line.proxy.counters().downstream_bytes == len(pairs))
    assert [is_silent(each.client) for each in pairs] == _bitten(toxic, [_Numbered(99, "user", number) for number in range(8)])
    assert 0 < toxic.bites.connections < 8


class _Numbered:
    def __init__(self, number: int, kind: str = "http", rank: int = 0) -> None:
        self.number, self.kind, self.rank = number, kind, rank


def _bitten(toxic: Toxic, subjects: list[_Numbered]) -> list[bool]:
    return [toxic.concerns(each) for each in subjects]  # type: ignore[arg-type]
