"""The shipped alerting at another pace: every `for`, interval and range is divided by one number, and nothing else is changed."""

import re

TIME_SCALE = 10
"""By how much a drill's alerting is faster than the one that is shipped."""

_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(
    r"^(?P<before>[ -]*(?:for|scrape_interval|scrape_timeout|evaluation_interval|group_wait|group_interval|repeat_interval): )"
    r"(?P<number>[0-9]+)(?P<unit>ms|s|m|h|d)(?P<after>[ ]*(?:#.*)?)$",
    re.MULTILINE,
)
_RANGE = re.compile(r"\[(?P<number>[0-9]+)(?P<unit>ms|s|m|h|d)\]")
_ALERT = re.compile(r"^(?P<indent> +)- alert: (?P<name>\w+)$.*?(?=^(?P=indent)- |^ {0,2}- name: |\Z)", re.MULTILINE | re.DOTALL)


def scaled(text: str, time_scale: int = TIME_SCALE) -> str:
    """Return a configuration of Prometheus or Alertmanager, or rules, with their durations divided, in whole milliseconds."""

    def divided(found: re.Match[str]) -> str:
        return f"{int(found['number']) * _MILLISECONDS[found['unit']] // time_scale}ms"

    text = _DURATION.sub(lambda found: f"{found['before']}{divided(found)}{found['after']}", text)
    return _RANGE.sub(lambda found: f"[{divided(found)}]", text)


def without_alerts(rules: str, names: frozenset[str]) -> str:
    """Return rules that lack some alerts: a detector that is switched off."""
    return _ALERT.sub(lambda found: "" if found["name"] in names else found[0], rules)


def alert_names(rules: str) -> tuple[str, ...]:
    """Return the names of the alerts in the order in which they are written."""
    return tuple(found["name"] for found in _ALERT.finditer(rules))
