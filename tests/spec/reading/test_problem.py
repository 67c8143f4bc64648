from tc.spec.reading.problem import MOST_PROBLEMS, Place, Problem, Problems, document_error, nearest, one_of, shortened


def test_a_problem_tells_place_path_value_message_and_nearest_word() -> None:
    problem = Problem(Place("a.yaml", 3, 7), "venue.oms_type", "'neting'", "expected 'hedging' or 'netting'", "netting")
    assert str(problem) == "a.yaml:3: venue.oms_type: value 'neting': expected 'hedging' or 'netting'; did you mean 'netting'?"
    assert problem.to_dict() == {
        "source": "a.yaml",
        "line": 3,
        "column": 7,
        "path": "venue.oms_type",
        "value": "'neting'",
        "message": "expected 'hedging' or 'netting'",
        "nearest": "netting",
    }


def test_a_problem_of_the_whole_document_has_no_path_and_no_value() -> None:
    assert str(Problem(Place("a.yaml", 1), "", None, "the document is empty")) == "a.yaml:1: the document is empty"


def test_nothing_that_a_terminal_obeys_is_shown() -> None:
    assert str(Place("a\x1b[31m\udc80.yaml", 1)) == "a\\x1b[31m\\udc80.yaml:1"
    assert shortened("a\nb\u202e") == "a\\nb\\u202e"


def test_a_long_value_is_shortened_to_a_line() -> None:
    assert shortened("x" * 60) == "x" * 60
    assert shortened("x" * 61) == "x" * 59 + "…"
    assert len(shortened("\n" * 1000)) == 60


def test_the_nearest_word_ignores_case_and_is_silent_when_nothing_is_near() -> None:
    assert nearest("MARGIN", ["cash", "margin"]) == "margin"
    assert nearest("neting", ["hedging", "netting"]) == "netting"
    assert nearest("x", ["cash", "margin"]) is None
    assert nearest("", []) is None


def test_choices_read_as_prose() -> None:
    assert one_of(["a"]) == "'a'"
    assert one_of(["a", "b"]) == "'a' or 'b'"
    assert one_of(["a", "b", "c"]) == "'a', 'b' or 'c'"


def test_beyond_the_hundredth_problem_they_are_counted_only() -> None:
    problems = Problems()
    for line in range(MOST_PROBLEMS + 5):
        problems.add(Place("a", line + 1), "", "wrong")
    assert len(problems.found) == MOST_PROBLEMS
    error = document_error(problems.in_order(), uncounted=problems.uncounted)
    lines = error.message.splitlines()
    assert lines[0] == "105 problems"
    assert lines[-1] == "… and 5 more"
    assert len(lines) == MOST_PROBLEMS + 2


def test_problems_of_two_documents_together_keep_the_limit() -> None:
    one, other = Problems(), Problems()
    for _ in range(MOST_PROBLEMS - 1):
        one.add(Place("a", 1), "", "wrong")
    for _ in range(3):
        other.add(Place("b", 1), "", "wrong")
    one.extend(other)
    assert len(one.found) == MOST_PROBLEMS
    assert one.uncounted == 2


def test_problems_are_in_the_order_of_their_lines_with_overrides_last() -> None:
    problems = Problems()
    for place in (Place("--set x"), Place("a", 2, 1), Place("a", 1, 9), Place("a", 1, 3)):
        problems.add(place, "", "wrong")
    assert [problem.place for problem in problems.in_order()] == [
        Place("a", 1, 3),
        Place("a", 1, 9),
        Place("a", 2, 1),
        Place("--set x"),
    ]
