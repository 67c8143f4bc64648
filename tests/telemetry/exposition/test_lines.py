import math
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from system_programs import program
from tc.telemetry.exposition.lines import END, FLEET_FAMILIES, RUN_FAMILIES, Format, block_of, fleet_lines, header, number
from tc.telemetry.names import FAMILIES, Family
from tc.telemetry.samples import Sample

HOSTILE = 'a "quoted" \\back\\slash\\n and\na line, {run="x"} 1'
PARSERS = {"text": parse_text, "openmetrics": parse_openmetrics}


def every_family(run: str, *, value: float = 1) -> list[Sample]:
    return [(each.name, tuple(run if label == "run" else f"some {label}" for label in each.labels), value) for each in FAMILIES]


def body(samples: list[Sample], written: Format) -> str:
    of_runs = {each.name for each in RUN_FAMILIES}
    block = block_of([each for each in samples if each[0] in of_runs])
    lines = b"".join(header(family, written) + text for family, text in zip(RUN_FAMILIES, block, strict=True) if text)
    return (lines + fleet_lines([each for each in samples if each[0] not in of_runs], written) + END[written]).decode()


def read_back(text: str, written: Format) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in PARSERS[written](text)
        for sample in family.samples
    }


def test_every_family_belongs_to_runs_or_to_the_fleet_and_stands_in_order() -> None:
    assert {*RUN_FAMILIES, *FLEET_FAMILIES} == set(FAMILIES)
    assert [each.name for each in RUN_FAMILIES] == sorted(each.name for each in RUN_FAMILIES)
    assert all("run" not in each.labels for each in FLEET_FAMILIES)


@pytest.mark.parametrize("written", PARSERS)
def test_every_family_is_read_back_with_its_type_help_labels_and_value(written: Format) -> None:
    text = body(every_family("r", value=1.5), written)
    read = {family.name: family for family in PARSERS[written](text)}
    for each in FAMILIES:
        family = read[each.name.removesuffix("_total") if each.kind == "counter" else each.name]
        assert (family.type, family.documentation) == (each.kind, each.help)
        (sample,) = family.samples
        assert (sample.name, tuple(sample.labels), sample.value) == (each.name, each.labels, 1.5)


@pytest.mark.parametrize("written", PARSERS)
def test_a_hostile_label_value_stays_one_value(written: Format) -> None:
    text = body([("tc_run_info", (HOSTILE,) * 8, 1), ("tc_data_quality_findings", (HOSTILE, HOSTILE), 2)], written)
    values = {value for _, labels in read_back(text, written) for _, value in labels}
    assert values == {HOSTILE}


@given(st.text(), st.text(), st.floats(allow_nan=False))
def test_any_text_and_any_number_are_read_back_as_they_were(run: str, kind: str, value: float) -> None:
    run, kind = run.replace("\r", ""), kind.replace("\r", "")  # the library's own parser takes \r for the end of a line
    (found,) = read_back(body([("tc_events_total", (run, kind), value)], "text").removesuffix("\n"), "text").items()
    assert found == (("tc_events_total", (("run", run), ("type", kind))), value)


def test_half_a_surrogate_pair_in_a_name_costs_that_character_only() -> None:
    assert body([("tc_run_active", ("a\udcffb",), 1)], "text").endswith('tc_run_active{run="a?b"} 1\n')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (10**20, "100000000000000000000"),
        (1_795_257_447.168_689, "1795257447.168689"),
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (True, "1.0"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_numbers_are_written_in_full(value: float, text: str) -> None:
    assert number(value) == text


def test_the_samples_of_two_runs_do_not_mix() -> None:
    block = block_of([("tc_run_active", ("a",), 1), ("tc_run_active", ("b",), 0), ("tc_run_active", ("a",), 2)])
    assert b"".join(block).decode().splitlines() == [
        'tc_run_active{run="a"} 1',
        'tc_run_active{run="b"} 0',
        'tc_run_active{run="a"} 2',
    ]


def test_a_family_that_is_not_in_the_list_is_no_line() -> None:
    with pytest.raises(KeyError):
        block_of([("tc_invented", ("r",), 1)])
    with pytest.raises(ValueError, match="zip"):
        block_of([("tc_events_total", ("r",), 1)])


def test_openmetrics_names_a_counter_without_its_end_and_escapes_quotes_in_help() -> None:
    family = Family("tc_x_total", "counter", 'one "x"\nand \\')
    assert header(family, "text") == b'# HELP tc_x_total one "x"\\nand \\\\\n# TYPE tc_x_total counter\n'
    assert header(family, "openmetrics") == b'# HELP tc_x one \\"x\\"\\nand \\\\\n# TYPE tc_x counter\n'


def test_promtool_finds_nothing_to_say_about_the_names_and_helps() -> None:
    promtool = program("promtool")
    text = body(every_family("r"), "text")
    done = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
