"""A map that keeps its newest entries only: who names ever new things cannot fill the memory."""


def keep[K, V](known: dict[K, V], key: K, value: V, *, most: int) -> None:
    """Keep a value as the newest; the oldest goes when there are more than ``most``."""
    known.pop(key, None)
    known[key] = value
    if len(known) > most:
        del known[next(iter(known))]
