"""State sets as one number each: a set has one series for each state, and a panel wants one row with a name and a colour."""

from collections.abc import Mapping
from dataclasses import dataclass

from content import BLUE, GREEN, GREY, PURPLE, RED, YELLOW
from grafana_foundation_sdk.models import dashboard as models

from tc.telemetry.names import (
    DRILL_VERDICTS,
    FEED_STATES,
    KILL_MODES,
    NODE_STATES,
    PROBE_STATES,
    READINESS_STATES,
    RUN_STATES,
    VERDICTS,
)


@dataclass(frozen=True, slots=True)
class StateSet:
    """A family that has one series for each state, the label that names it, and the states with their colours."""

    family: str
    label: str
    colours: Mapping[str, str]

    def coded(self, by: str, where: str = "") -> str:
        """Return an expression whose value is the number of the state that is true, from 1; 0 when none is."""
        selector = f"{where}, " if where else ""
        each = (f'{at} * {self.family}{{{selector}{self.label}="{state}"}}' for at, state in enumerate(self.colours, 1))
        return f"max by ({by}) ({' or '.join(each)})"

    @property
    def mappings(self) -> list[models.ValueMapping]:
        """Return what the numbers are called and which colours they have."""
        coded = {str(at): (state, colour) for at, (state, colour) in enumerate(self.colours.items(), 1)}
        return value_colours({"0": ("-", GREY), **coded})


def value_colours(colours: Mapping[str, tuple[str, str]]) -> list[models.ValueMapping]:
    """Return what values are called and which colours they have."""
    options = {
        value: models.ValueMappingResult(text=text, color=colour, index=at)
        for at, (value, (text, colour)) in enumerate(colours.items())
    }
    return [models.ValueMap(options=options)]


def words(colours: Mapping[str, str]) -> list[models.ValueMapping]:
    """Return the colours of words in a column."""
    return value_colours({word: (word, colour) for word, colour in colours.items()})


def _colours(states: tuple[str, ...], *colours: str) -> dict[str, str]:
    return dict(zip(states, colours, strict=True))


RUN = StateSet("tc_run_state", "state", _colours(RUN_STATES, GREY, GREEN, BLUE, RED, BLUE, YELLOW, YELLOW, RED, BLUE))
KILL = StateSet("tc_kill_switch_state", "mode", _colours(KILL_MODES, GREEN, YELLOW, RED, RED, RED))
SCOPE = StateSet("tc_kill_switch_scope_state", "mode", KILL.colours)
FEED = StateSet("tc_feed_state", "state", _colours(FEED_STATES, GREEN, BLUE, YELLOW, RED, PURPLE))
NODE = StateSet("tc_node_state", "state", _colours(NODE_STATES, BLUE, BLUE, GREEN, YELLOW, RED, GREY, GREY))
VERDICT = StateSet("tc_reconciliation_state", "verdict", _colours(VERDICTS, GREEN, RED, YELLOW))
DRILL = StateSet("tc_drill_state", "verdict", _colours(DRILL_VERDICTS, GREEN, RED, YELLOW))
PROBE = StateSet("tc_probe_state", "state", _colours(PROBE_STATES, GREEN, YELLOW, RED, RED, RED, PURPLE))
READINESS = StateSet("tc_connectivity_readiness_state", "state", _colours(READINESS_STATES, GREY, GREEN, RED, RED))

ON_OFF = value_colours({"0": ("no", GREEN), "1": ("yes", RED)})
INTACT = value_colours({"0": ("broken", RED), "1": ("intact", GREEN)})
UP = value_colours({"0": ("down", RED), "1": ("up", GREEN)})
