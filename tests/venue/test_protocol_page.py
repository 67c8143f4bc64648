"""The reference page names everything that the venue has: each endpoint, code, fault and option."""

import re
from pathlib import Path

from tc.venue import fault_port
from tc.venue.requests.endpoints import ENDPOINTS

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "reference" / "venue-protocol.md").read_text(encoding="utf-8")
ROOM = REPOSITORY / "src" / "tc" / "venue"


def test_every_endpoint_is_named_with_what_it_asks_for() -> None:
    for (method, path), endpoint in ENDPOINTS.items():
        assert f"| `{method} {path}` | {endpoint.security.value} | " in PAGE
    assert len(re.findall(r"^\| `[A-Z]+ /fapi/", PAGE, re.MULTILINE)) == len(ENDPOINTS)


def test_every_code_is_named_and_no_other() -> None:
    sent = {code for path in ROOM.rglob("*.py") for code in re.findall(r"-[1-9][0-9]{3}\b", path.read_text(encoding="utf-8"))}
    assert sent == set(re.findall(r"-[1-9][0-9]{3}\b", PAGE))


def test_every_fault_is_named_with_the_fields_of_its_document() -> None:
    faults = {name: fields for name, (fields, _) in fault_port.FAULTS.items()}
    for name, form in faults.items():
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
        assert [field for field in form.__struct_fields__ if f"`{field}`" not in row and field != "on"] == []
    for name in fault_port.REQUEST_FAULTS:
        assert f"| `{name}` |" in PAGE


def test_every_option_is_told() -> None:
    text = (REPOSITORY / "src" / "tc" / "cli" / "venue.py").read_text(encoding="utf-8")
    options = set(re.findall(r'"(--[a-z-]+)"', text)) - {"--api-key-env", "--api-secret-env"}
    assert {option for option in options if option not in PAGE} == set()
