"""Whatever a file holds, reading it gives a document or a DocumentError, and never anything else."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from run_specs import SMOKE, yaml_tree
from tc.core import CoreConfiguration
from tc.core.configuration import CONFIGURATION_VERSION
from tc.errors import DocumentError
from tc.spec.check import check_document
from tc.spec.effective import core_document, effective_document, run_spec_yaml
from tc.spec.example import example_run_spec
from tc.spec.library import PACKAGED, load_instrument
from tc.spec.parse import parse_instrument, parse_run_spec

EMA_CROSS = (Path(__file__).resolve().parents[2] / "specs" / "filusdt_ema_cross.yaml").read_text(encoding="utf-8")
PERPETUAL = (PACKAGED / "BTCUSDT-PERP.BINANCE.yaml").read_text(encoding="utf-8")
NASTY = (
    *(
        "no",
        "on",
        "~",
        "null",
        "010",
        "1:30",
        "0x1F",
        "1e3",
        ".inf",
        ".nan",
        "1_000",
        "2023-04-01",
        "<<",
        "=",
        "*a",
        "&a",
        "!!str",
    ),
    *("!!python/object:os.system", "---", "...", "?", "-", "[", "]", "{", "}", ",", "'", '"', "|", ">", "%", "@", "`", ":"),
    *(
        "#",
        "\t",
        "\0",
        "\x85",
        "\u2028",
        "\ufeff",
        "\ud800",
        "\U0001f4a5",
        "9223372036854775808",
        "-1",
        "0.1",
        "''",
        "{}",
        "[]",
        "true",
    ),
)
RUN_SPECS = (SMOKE, EMA_CROSS, example_run_spec(), example_run_spec().replace("gate: off", "gate: on"))
TOLD = re.compile(r"f\.yaml:[0-9]+: |--set|[0-9]+ problems$|… and [0-9]+ more$")
ON_CASH = "{name}: venue.account_type: value 'cash': BTCUSDT-PERP.BINANCE is a perpetual and needs a margin account"
INSTRUMENT = load_instrument("BTCUSDT-PERP.BINANCE", search=())

nasty = st.sampled_from(NASTY) | st.text(max_size=8)
scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "cash",
            "margin",
            "hedging",
            "paper",
            "10 USDT",
            "a:B",
            "on",
            "cautious",
            "24:00",
            "BTCUSDT.BINANCE",
            "USD",
            "2023-04-01",
            "-1",
            "0",
        ]
    )
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


def refusal(read: Callable[[], object]) -> str | None:
    """Return the words of the DocumentError that reading raises, or None when it raises nothing."""
    try:
        read()
    except DocumentError as error:
        return error.message
    return None


def survives(text: str, *overrides: str) -> None:
    """Read the text as a RunSpec: it is refused with words, or it can be written out, read back and made complete."""
    refused = refusal(lambda: parse_run_spec(text, source="f.yaml", overrides=overrides))
    if refused is not None:
        assert all(TOLD.match(line) for line in refused.splitlines())
        return
    spec = parse_run_spec(text, source="f.yaml", overrides=overrides)
    assert parse_run_spec(run_spec_yaml(spec), source="stored") == spec
    assert refusal(lambda: effective_document(spec, INSTRUMENT)) in {None, ON_CASH.format(name=spec.name)}
    core = core_document(spec, INSTRUMENT)
    assert CoreConfiguration.from_document({"configuration_version": CONFIGURATION_VERSION, "core": core}).closed_orders_kept


def paths_of(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(tree, dict):
        for key, value in tree.items():
            found += paths_of(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            found += paths_of(value, (*path, index))
    return found


def changed(tree: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(tree)
    copy = tree.copy()
    copy[path[0]] = changed(tree[path[0]], path[1:], change)
    return copy


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_document_or_a_document_error(text: str) -> None:
    survives(text)


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"")
def test_any_bytes_in_a_file_are_judged(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "run.yaml"
    path.write_bytes(content)
    checked = check_document(path)
    assert not checked.is_valid
    assert checked.to_dict()["problems"]


@settings(deadline=None)
@given(st.sampled_from(RUN_SPECS), st.data())
def test_a_run_spec_with_a_stretch_of_text_replaced_is_a_document_or_a_document_error(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    survives(text[:start] + data.draw(nasty) + text[end:])


@settings(deadline=None)
@given(st.sampled_from(RUN_SPECS), st.data())
def test_a_run_spec_with_lines_moved_or_repeated_is_a_document_or_a_document_error(text: str, data: st.DataObject) -> None:
    lines = text.splitlines(keepends=True)
    chosen = data.draw(st.lists(st.sampled_from(range(len(lines))), min_size=1, max_size=len(lines) + 3))
    survives("".join(lines[index] for index in chosen))


@settings(deadline=None)
@given(st.sampled_from(RUN_SPECS), st.data())
def test_a_run_spec_with_a_value_of_its_tree_replaced_is_a_document_or_a_document_error(text: str, data: st.DataObject) -> None:
    tree = yaml_tree(text)
    path = data.draw(st.sampled_from(paths_of(tree)))
    value = data.draw(trees)
    survives(yaml.safe_dump(changed(tree, path, lambda _: value), allow_unicode=data.draw(st.booleans())))


@settings(deadline=None)
@given(st.sampled_from(RUN_SPECS), st.data())
def test_a_run_spec_with_a_key_of_its_tree_renamed_or_gone_is_a_document_error_or_none(text: str, data: st.DataObject) -> None:
    tree = yaml_tree(text)
    path = data.draw(st.sampled_from([path for path in paths_of(tree) if path and isinstance(path[-1], str)]))
    name = data.draw(st.none() | st.text(max_size=8) | st.sampled_from(["risk", "gate", "sede", "nam"]))

    def rename(mapping: Any) -> Any:
        kept = {key: value for key, value in mapping.items() if key != path[-1]}
        return kept if name is None else {**kept, name: mapping[path[-1]]}

    survives(yaml.safe_dump(changed(tree, path[:-1], rename)))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["seed", "data.start", "venue", "venue.fees.maker", "x", ""]) | st.text(max_size=6), nasty)
    )
)
def test_any_override_is_taken_or_refused(overrides: list[tuple[str, str]]) -> None:
    survives(SMOKE, *(f"{path}={value}" for path, value in overrides))


@settings(deadline=None)
@given(st.lists(nasty, max_size=3))
def test_any_argument_of_set_is_taken_or_refused(overrides: list[str]) -> None:
    survives(SMOKE, *overrides)


@settings(deadline=None)
@given(st.data())
def test_a_broken_instrument_is_a_document_or_a_document_error(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(PERPETUAL)))
    end = data.draw(st.integers(start, min(len(PERPETUAL), start + 40)))
    text = PERPETUAL[:start] + data.draw(nasty) + PERPETUAL[end:]
    refused = refusal(lambda: parse_instrument(text, source="f.yaml"))
    assert refused is None or all(TOLD.match(line) for line in refused.splitlines())


@pytest.mark.parametrize(
    "text", ["&a [*a]", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]", "{" * 10_000, "[" * 100_000]
)
def test_bombs_are_refused_at_once(text: str) -> None:
    with pytest.raises(DocumentError):
        parse_run_spec(text, source="f.yaml")
