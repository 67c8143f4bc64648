"""A persistent map in 32 small dicts: a change copies one of them, so a step stays cheap with thousands of open orders."""

from functools import lru_cache
from zlib import crc32

type Slots[T] = tuple[dict[str, T], ...]
"""Values by key, spread over 32 dicts by the key's CRC-32; never changed in place, never iterated in hash order."""

_COUNT = 32
EMPTY: Slots[object] = tuple({} for _ in range(_COUNT))


def empty[T]() -> Slots[T]:
    """Return the map that holds nothing."""
    return EMPTY  # type: ignore[return-value]  # one empty value serves every type: it is never changed


@lru_cache(maxsize=1 << 14)
def slot_of(key: str) -> int:
    """Return which of the dicts holds the key. A step asks several times for one key, so the latest answers are remembered."""
    return crc32(key.encode()) & 31


def get[T](slots: Slots[T], key: str) -> T | None:
    """Return the key's value, or None."""
    return slots[slot_of(key)].get(key)


def put[T](slots: Slots[T], key: str, value: T) -> Slots[T]:
    """Return the map with the key set to the value."""
    return put_at(slots, slot_of(key), key, value)


def put_at[T](slots: Slots[T], slot: int, key: str, value: T) -> Slots[T]:
    """Return the map with the key, whose slot is known already, set to the value."""
    changed = [*slots]  # Copying the list and one dict is the cheapest way measured.
    held = changed[slot] = changed[slot].copy()
    held[key] = value
    return tuple(changed)


def remove[T](slots: Slots[T], key: str) -> Slots[T]:
    """Return the map without the key, which it holds."""
    return remove_at(slots, slot_of(key), key)


def remove_at[T](slots: Slots[T], slot: int, key: str) -> Slots[T]:
    """Return the map without the key, which it holds, and whose slot is known already."""
    changed = [*slots]
    held = changed[slot] = changed[slot].copy()
    del held[key]
    return tuple(changed)


def items[T](slots: Slots[T]) -> list[tuple[str, T]]:
    """Return all keys and values in the order of the keys."""
    return sorted((item for slot in slots for item in slot.items()), key=lambda item: item[0])
