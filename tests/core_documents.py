"""The part of a configuration document that the Core reads, complete, for documents that tests build by hand."""


def core_part(*, closed_orders_kept: int = 4096, **other: object) -> dict[str, object]:
    """Return the part under ``core``: no price history and no gate, unless they are given."""
    return {"closed_orders_kept": closed_orders_kept, "history": {"samples": 0, "every_ns": 0}, "gate": None, **other}
