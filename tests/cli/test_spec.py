"""`tc spec`: what a person types, sees and gets as exit code; what a machine reads."""

import json
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from drill_specs import DRILL, drill_folder
from run_specs import SMOKE, edited
from tc.cli.main import main
from tc.spec.drills.schema import drill_schema
from tc.spec.schema import instrument_schema, run_spec_schema

BROKEN = edited(("oms_type: netting", "oms_type: neting"), ("seed: 42", "seed: x"))
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs `tc spec …` in an empty folder, and returns its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tc", "spec", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return run


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def as_documented(out: str) -> dict[str, Any]:
    schema = json.loads(files("tc.cli").joinpath("schemas", "spec-validate.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    document: dict[str, Any] = json.loads(out)
    Draft202012Validator(schema).validate(document)
    return document


def test_a_valid_document_is_named_and_exits_0(spec: Run) -> None:
    write("run.yaml", SMOKE)
    assert spec("validate", "run.yaml") == (0, "run.yaml: valid, smoke\n", "")


def test_every_problem_goes_to_stderr_with_its_line_and_a_hint_and_exits_2(spec: Run) -> None:
    write("run.yaml", BROKEN)
    code, out, err = spec("validate", "run.yaml")
    assert (code, out) == (2, "")
    assert err.splitlines()[:3] == [
        "error: 2 problems",
        "run.yaml:8: venue.oms_type: value 'neting': expected 'hedging' or 'netting'; did you mean 'netting'?",
        "run.yaml:16: seed: value 'x': expected a whole number from 0 to 9223372036854775807",
    ]
    assert err.splitlines()[3].startswith("hint: `tc spec init` writes an example")


def test_several_files_are_all_judged(spec: Run) -> None:
    write("good.yaml", SMOKE)
    write("bad.yaml", BROKEN)
    code, out, err = spec("validate", "good.yaml", "bad.yaml", "missing.yaml")
    assert (code, out) == (2, "good.yaml: valid, smoke\n")
    assert [line.partition(":")[0] for line in err.splitlines()[1:4]] == ["bad.yaml", "bad.yaml", "missing.yaml"]


def test_json_tells_all_files_and_fits_its_schema(spec: Run) -> None:
    write("good.yaml", SMOKE)
    write("bad.yaml", BROKEN)
    code, out, err = spec("validate", "--json", "good.yaml", "bad.yaml", "missing.yaml")
    assert (code, err) == (2, "")
    document = as_documented(out)
    assert document["valid"] is False
    assert [each["valid"] for each in document["documents"]] == [True, False, False]
    assert [problem["path"] for problem in document["documents"][1]["problems"]] == ["venue.oms_type", "seed"]


def test_json_of_valid_documents_exits_0(spec: Run) -> None:
    write("good.yaml", SMOKE)
    code, out, err = spec("validate", "good.yaml", "--json")
    assert (code, err, as_documented(out)["valid"]) == (0, "", True)


def test_a_name_of_a_file_cannot_write_to_the_terminal(spec: Run) -> None:
    write("a\x1b[31m.yaml", SMOKE)
    write("b\x1b[31m.yaml", "")
    code, out, err = spec("validate", "a\x1b[31m.yaml", "b\x1b[31m.yaml")
    assert code == 2
    assert "\x1b" not in out + err
    assert out == "a\\x1b[31m.yaml: valid, smoke\n"


def test_without_a_file_the_usage_is_shown(spec: Run) -> None:
    code, out, err = spec("validate")
    assert (code, out) == (2, "")
    assert "Missing argument" in err


def test_init_writes_an_example_that_validates_and_is_never_overwritten(spec: Run) -> None:
    code, out, err = spec("init", "specs/mine.yaml")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["wrote specs/mine.yaml", "next: tc data prepare btcusdt-sample && tc run specs/mine.yaml"]
    assert spec("validate", "specs/mine.yaml") == (0, "specs/mine.yaml: valid, my-first-run\n", "")
    code, out, err = spec("init", "specs/mine.yaml")
    assert (code, out) == (2, "")
    assert err == "error: specs/mine.yaml is there already and is not overwritten\nhint: name another file\n"


def test_init_writes_the_document_of_an_attached_node_and_says_where_it_goes(spec: Run) -> None:
    code, out, err = spec("init", "mine.yaml", "--attached")
    assert (code, err) == (0, "")
    assert out.splitlines()[1] == 'next: attach(node, "mine.yaml") in the script of your node, with: from tc import attach'
    assert spec("validate", "mine.yaml") == (0, "mine.yaml: valid, my-node\n", "")
    assert spec("init", "both.yaml", "--attached", "--paper")[0] == 2


def test_init_has_a_name_of_its_own(spec: Run) -> None:
    assert spec("init")[0] == 0
    assert Path("run-spec.yaml").is_file()


def test_schema_prints_the_json_schema_of_the_document(spec: Run) -> None:
    code, out, err = spec("schema")
    assert (code, err, json.loads(out)) == (0, "", run_spec_schema())
    code, out, err = spec("schema", "--instrument")
    assert (code, err, json.loads(out)) == (0, "", instrument_schema())
    code, out, err = spec("schema", "--drill")
    assert (code, err, json.loads(out)) == (0, "", drill_schema())
    assert spec("schema", "--drill", "--instrument")[0] == 2


def test_validate_knows_a_drill_and_the_run_spec_that_it_runs_on(spec: Run, tmp_path: Path) -> None:
    path = drill_folder(tmp_path)
    assert spec("validate", str(path)) == (0, f"{path}: valid, disconnect\n", "")
    path.write_text(DRILL.replace("kind: down", "kind: donw"), encoding="utf-8")
    code, out, _ = spec("validate", str(path), "--json")
    [document] = json.loads(out)["documents"]
    assert (code, document["kind"], document["problems"][0]["nearest"]) == (2, "drill_spec", "down")
    path.write_text(DRILL.replace("[TcFeedStale]", "[TcFeedStal]"), encoding="utf-8")
    code, _, err = spec("validate", str(path))
    assert (code, "expect.also[0]: value 'TcFeedStal': there is no alert of this name" in err) == (2, True)
