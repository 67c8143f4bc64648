"""Whether this machine is ready: what was found compared with what is needed, and what to do about a difference."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PYTHON_NEEDED = (3, 12)
FREE_BYTES_NEEDED = 1 << 30
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*\(?(?P<clauses>[^;)]*)\)?(?:;(?P<marker>.*))?")
_RELEASE = re.compile(r"\d+(?:\.\d+)*", re.ASCII)
_CLAUSE = re.compile(r"(?P<operator>===|==|!=|<=|>=|~=|<|>)\s*(?P<version>[0-9][^\s,]*)")


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing looked at: what was found, what is needed, and what to do (empty when there is nothing to do)."""

    name: str
    is_required: bool
    is_met: bool
    found: str
    needed: str
    advice: str


def python_condition(version: tuple[int, int, int]) -> Condition:
    """Judge the version of Python."""
    needed = ".".join(map(str, PYTHON_NEEDED))
    is_met = version[:2] >= PYTHON_NEEDED
    advice = "" if is_met else f"Install Python {needed} or newer and run `make setup`; scripts/bootstrap.sh finds one by itself."
    return Condition(
        "python", is_required=True, is_met=is_met, found=".".join(map(str, version)), needed=f">={needed}", advice=advice
    )


def package_conditions(requirements: Sequence[str], installed: Mapping[str, str]) -> tuple[Condition, ...]:
    """Judge the packages that the distribution requires, given the versions installed by name; extras are left out."""
    versions = {_normal(name): version for name, version in installed.items()}
    conditions: list[Condition] = []
    for requirement in requirements:
        parsed = _REQUIREMENT.match(requirement)
        if parsed is None or "extra" in (parsed["marker"] or ""):
            continue
        name, clauses = parsed["name"], parsed["clauses"].strip()
        found = versions.get(_normal(name), "")
        is_met = bool(found) and satisfies(found, clauses)
        advice = "" if is_met else f"Run `make setup` (or `uv sync`), which installs {name}{clauses} from the lock."
        conditions.append(
            Condition(f"package {name}", is_required=True, is_met=is_met, found=found or "missing", needed=clauses, advice=advice)
        )
    return tuple(conditions)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def satisfies(version: str, clauses: str) -> bool:
    """Whether a version meets all clauses of a requirement, compared by release numbers (PEP 440 without pre-releases)."""
    return all(_meets(_release(version), clause["operator"], clause["version"]) for clause in _CLAUSE.finditer(clauses))


def _meets(found: tuple[int, ...], operator: str, text: str) -> bool:
    if text.endswith(".*"):
        wanted = _release(text.removesuffix(".*"))
        return (found[: len(wanted)] == wanted) == (operator == "==")
    wanted = _release(text)
    width = max(len(found), len(wanted))
    one = found + (0,) * (width - len(found))
    other = wanted + (0,) * (width - len(wanted))
    answers = {
        "==": one == other,
        "===": one == other,
        "!=": one != other,
        "<=": one <= other,
        ">=": one >= other,
        "<": one < other,
        ">": one > other,
        "~=": one >= other and found[: len(wanted) - 1] == wanted[:-1],
    }
    return answers[operator]


def _release(version: str) -> tuple[int, ...]:
    numbers = _RELEASE.match(version)
    return tuple(int(part) for part in numbers[0].split(".")) if numbers else ()


def disk_condition(path: str, free_bytes: int) -> Condition:
    """Judge the free room on the disk that holds a root."""
    is_met = free_bytes >= FREE_BYTES_NEEDED
    advice = "" if is_met else "Free some room: `tc runs prune --dry-run --max-size 1G` shows which old runs could go."
    return Condition(
        f"disk of {path}",
        is_required=True,
        is_met=is_met,
        found=f"{free_bytes / (1 << 30):.1f} GiB free",
        needed=f"{FREE_BYTES_NEEDED >> 30} GiB free",
        advice=advice,
    )


def root_condition(name: str, path: str, problem: str) -> Condition:
    """Judge whether a root can be written; ``problem`` is what stood in the way, or empty."""
    advice = f"Give yourself write access to {path}, or name another folder with --{name}-root." if problem else ""
    return Condition(
        f"{name} root",
        is_required=True,
        is_met=not problem,
        found=problem or f"{path} is writable",
        needed="writable",
        advice=advice,
    )


def port_condition(problem: str) -> Condition:
    """Judge whether a port can be opened on the loopback interface; ``problem`` is what stood in the way, or empty."""
    advice = "Allow this user to listen on 127.0.0.1; a sandbox or a firewall forbids it." if problem else ""
    return Condition(
        "ports",
        is_required=False,
        is_met=not problem,
        found=problem or "a port on 127.0.0.1 can be opened",
        needed="a free port on 127.0.0.1",
        advice=advice,
    )


def tool_condition(name: str, path: str, purpose: str) -> Condition:
    """Judge an optional tool: ``path`` is where it was found, or empty."""
    return Condition(
        name,
        is_required=False,
        is_met=bool(path),
        found=path or "not found",
        needed=purpose,
        advice="" if path else f"Install {name} if you need it: {purpose}.",
    )
