from pathlib import Path

import pytest
import yaml

from tc.spec.reading.compose import LARGEST_DOCUMENT, compose, compose_file
from tc.spec.reading.nodes import Broken, Mapping, Node, Scalar, Sequence
from tc.spec.reading.problem import Place, Problems
from tc.spec.reading.scalar import classify


@pytest.fixture(params=[yaml.CSafeLoader, yaml.SafeLoader], ids=["libyaml", "pure"])
def loader(request: pytest.FixtureRequest) -> type:
    return request.param  # type: ignore[no-any-return]


def composed(text: str, loader: type = yaml.SafeLoader) -> tuple[Node, list[str]]:
    problems = Problems()
    node = compose(text, source="f.yaml", problems=problems, loader=loader)
    return node, [str(problem) for problem in problems.in_order()]


def test_every_node_knows_its_line_and_column(loader: type) -> None:
    node, problems = composed("a: 1\nb:\n  - x\n  - {c: 'd'}\n", loader)
    assert problems == []
    assert isinstance(node, Mapping)
    assert node.entries["b"].place == Place("f.yaml", 2, 1)
    items = node.entries["b"].value
    assert isinstance(items, Sequence)
    assert items.items[0] == Scalar(Place("f.yaml", 3, 5), "x", "text")
    inner = items.items[1]
    assert isinstance(inner, Mapping)
    assert inner.entries["c"].value == Scalar(Place("f.yaml", 4, 9), "d", "text")
    assert [str(node), str(items), str(inner.entries["c"].value)] == ["a mapping of 2", "a list of 2", "'d'"]


def test_quotes_make_text_of_anything(loader: type) -> None:
    node, problems = composed('["no", \'010\', "2023-04-01"]', loader)
    assert problems == []
    assert isinstance(node, Sequence)
    assert [item.kind for item in node.items if isinstance(item, Scalar)] == ["text", "text", "text"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["f.yaml:1: the document is empty"]),
        ("# only a comment\n", ["f.yaml:1: the document is empty"]),
        ("a: 1\n---\nb: 2\n", ["f.yaml:2: a second document begins here: a file holds one document"]),
        ("a: 1\nb: 2\na: 3\n", ["f.yaml:3: a: the key is given twice, first on line 1"]),
        ("a:\n  b: 1\n  b: 1\n", ["f.yaml:3: a.b: the key is given twice, first on line 2"]),
        (
            "a: &x 1\nb: *x\n",
            [
                "f.yaml:1: a: anchors are not supported: write the value out, in quotes where it begins with &",
                "f.yaml:2: b: aliases are not supported: write the value out, in quotes where it begins with *",
            ],
        ),
        (
            "a: [!!python/object/apply:os.system [id]]\n",
            ["f.yaml:1: a[0]: tags are not supported: put a value that begins with ! in quotes"],
        ),
        ("a: !mine x\n", ["f.yaml:1: a: tags are not supported: put a value that begins with ! in quotes"]),
        ("1: a\n", ["f.yaml:1: value 1: a key must be text; put it in quotes"]),
        (
            "on: a\n",
            [f"f.yaml:1: value on: a key must be text; {classify('on')[1]}"],
        ),
        ("? [a, b]\n: c\n", ["f.yaml:1: value a list of 2: a key must be text"]),
        ("x: {? {a: b} : c}\n", ["f.yaml:1: x: value a mapping of 1: a key must be text"]),
        ("!!str a: b\n", ["f.yaml:1: tags are not supported: put a value that begins with ! in quotes"]),
        ("a: \x07\n", ["f.yaml:1: the character U+0007 is not allowed in YAML"]),
        ("a: 1\nb: '\ufeff'\n", ["f.yaml:2: the character U+FEFF is not allowed in YAML"]),
        ("a: '\ud800'\n", ["f.yaml:1: the character U+D800 is not allowed in YAML"]),
        ("[" * 100, ["f.yaml:1: this is not YAML: it is nested deeper than 64 levels"]),
        ("a: \n" + "b: " + "[" * 65 + "]" * 65, ["f.yaml:2: this is not YAML: it is nested deeper than 64 levels"]),
    ],
)
def test_what_is_wrong_with_the_yaml_is_told_with_its_line(loader: type, text: str, expected: list[str]) -> None:
    _, problems = composed(text, loader)
    assert problems == expected


@pytest.mark.parametrize("text", ["a: [1\nb: 2", "a: 'x", "a: b: c", "@x", "a: !foo!bar 1", "%YAML 2.0\n---\na: 1", "- a\nb"])
def test_what_is_not_yaml_is_one_problem(loader: type, text: str) -> None:
    node, problems = composed(text, loader)
    assert isinstance(node, Broken)
    assert len(problems) == 1
    assert ": this is not YAML: " in problems[0]


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a: 1\n\tb: 2\n"])
def test_a_tab_in_the_indentation_is_called_by_its_name(loader: type, text: str) -> None:
    _, problems = composed(text, loader)
    assert problems[0].startswith("f.yaml:2: this is not YAML: ")
    assert problems[0].endswith("; indent with spaces, not with a tab")


def test_a_problem_after_the_last_line_has_no_indentation_to_complain_of(loader: type) -> None:
    _, problems = composed("a: [1,\r", loader)
    assert problems[0].startswith("f.yaml:2: this is not YAML: ")


def test_half_of_a_surrogate_pair_is_refused_whatever_the_parser_makes_of_it(loader: type) -> None:
    node, problems = composed('a: "\\ud800"\n', loader)
    assert len(problems) == 1
    assert isinstance(node, Broken) or isinstance(node.entries["a"].value, Broken)  # type: ignore[union-attr]


def test_sixty_four_levels_are_not_too_deep(loader: type) -> None:
    assert composed("a: " + "[" * 63 + "]" * 63, loader)[1] == []


def test_a_byte_order_mark_at_the_start_is_skipped(loader: type) -> None:
    node, problems = composed("\ufeffa: 1\n", loader)
    assert problems == []
    assert isinstance(node, Mapping)


def test_a_text_without_lines_names_its_source_only() -> None:
    problems = Problems()
    compose("[\x07]", source="--set a", problems=problems, numbered=False)
    compose("[1", source="--set a", problems=problems, numbered=False)
    node = compose("[1]", source="--set a", problems=problems, numbered=False)
    assert [problem.place for problem in problems.found] == [Place("--set a")] * 2
    assert node.place == Place("--set a")


def test_a_document_larger_than_a_mebibyte_is_refused_before_it_is_parsed() -> None:
    node, problems = composed("a: " + "x" * LARGEST_DOCUMENT)
    assert isinstance(node, Broken)
    assert problems == [f"f.yaml:1: the document is larger than {LARGEST_DOCUMENT} bytes"]


def file_problems(path: Path) -> list[str]:
    problems = Problems()
    node = compose_file(path, problems=problems)
    assert isinstance(node, Broken)
    return [str(problem) for problem in problems.found]


def test_a_file_that_cannot_be_read_is_a_problem_that_says_why(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert file_problems(missing) == [f"{missing}: the file cannot be read: No such file or directory"]
    assert file_problems(tmp_path) == [f"{tmp_path}: the file cannot be read: Is a directory"]
    assert file_problems(Path("a\0b")) == ["a\\x00b: the file cannot be read: embedded null byte"]


def test_a_file_that_is_not_utf_8_is_a_problem_with_its_line_and_byte(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: 1\nb: é\n".encode("latin-1"))
    assert file_problems(path) == [f"{path}:2: value 0xe9: this is not UTF-8: save the file as UTF-8"]


def test_a_file_larger_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (LARGEST_DOCUMENT + 1))
    assert file_problems(path) == [f"{path}:1: the document is larger than {LARGEST_DOCUMENT} bytes"]


def test_a_file_is_read_like_its_text(tmp_path: Path) -> None:
    path = tmp_path / "é.yaml"
    path.write_text("a: é\n", encoding="utf-8")
    problems = Problems()
    node = compose_file(path, problems=problems)
    assert problems.found == []
    assert isinstance(node, Mapping)
    assert str(node.entries["a"].value) == "'é'"
