"""Samples as lines of text: Prometheus's text format 0.0.4 and OpenMetrics 1.0 write them alike, under other headers."""

from collections.abc import Iterable
from typing import Literal

from tc.telemetry.names import BY_NAME, FAMILIES, Family
from tc.telemetry.samples import Sample

type Format = Literal["text", "openmetrics"]

RUN_FAMILIES: tuple[Family, ...] = tuple(
    sorted((each for each in FAMILIES if each.labels[:1] == ("run",)), key=lambda each: each.name)
)
FLEET_FAMILIES: tuple[Family, ...] = tuple(sorted(set(FAMILIES) - set(RUN_FAMILIES), key=lambda each: each.name))

type Block = tuple[bytes, ...]
"""The lines of one run, one text for each of RUN_FAMILIES and in their order; empty where the run has no such sample."""

EMPTY: Block = (b"",) * len(RUN_FAMILIES)
END = {"text": b"", "openmetrics": b"# EOF\n"}
CONTENT_TYPES: dict[Format, str] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}

_PLACE = {family.name: place for place, family in enumerate(RUN_FAMILIES)}
_VALUE_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP_ESCAPES = {"text": str.maketrans({"\\": "\\\\", "\n": "\\n"}), "openmetrics": _VALUE_ESCAPES}
_NOT_FINITE = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}
_MOST_SHAPES = 100_000


def header(family: Family, written: Format) -> bytes:
    """Return what stands above a family's samples; OpenMetrics names a counter without its ``_total``."""
    name = family.name.removesuffix("_total") if written == "openmetrics" and family.kind == "counter" else family.name
    told = family.help.translate(_HELP_ESCAPES[written])
    return f"# HELP {name} {told}\n# TYPE {name} {family.kind}\n".encode()


def block_of(samples: Iterable[Sample]) -> Block:
    """Return the lines of samples that all have the label ``run``; KeyError for a family that is not in the list."""
    texts = [""] * len(RUN_FAMILIES)
    run: str | None = None
    escaped = ""
    for name, values, value in samples:
        if values[0] is not run:
            run = values[0]
            escaped = run.translate(_VALUE_ESCAPES)
        place, before, after = _shapes[name, values[1:]]
        texts[place] += f"{before}{escaped}{after}{value if type(value) is int else number(value)}\n"
    return tuple([text.encode(errors="replace") if text else b"" for text in texts])


def fleet_lines(samples: Iterable[Sample], written: Format) -> bytes:
    """Return samples of families without the label ``run``, each family under its header."""
    lines: dict[str, list[str]] = {}
    for name, values, value in samples:
        lines.setdefault(name, []).append(f"{_named(BY_NAME[name], values)} {number(value)}\n")
    texts = [(header(each, written), "".join(lines[each.name])) for each in FLEET_FAMILIES if each.name in lines]
    return b"".join(above + text.encode(errors="replace") for above, text in texts)


def number(value: float) -> str:
    """Return a value in the fewest digits that are read back as the same number."""
    if type(value) is int:
        return str(value)
    text = repr(float(value))
    return _NOT_FINITE.get(text, text)


def _named(family: Family, values: tuple[str, ...]) -> str:
    """Return a sample's name and labels."""
    labels = [f'{label}="{value.translate(_VALUE_ESCAPES)}"' for label, value in zip(family.labels, values, strict=True)]
    return f"{family.name}{{{','.join(labels)}}}" if labels else family.name


class _Shapes(dict[tuple[str, tuple[str, ...]], tuple[int, str, str]]):
    """A line's family, and its text before and after the run, by the family's name and the other labels: few for many runs."""

    def __missing__(self, key: tuple[str, tuple[str, ...]]) -> tuple[int, str, str]:
        name, others = key
        before, after = _named(BY_NAME[name], ("", *others)).split('run=""', 1)
        if len(self) >= _MOST_SHAPES:
            self.clear()
        self[key] = _PLACE[name], f'{before}run="', f'"{after} '
        return self[key]


_shapes = _Shapes()
