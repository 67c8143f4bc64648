"""Packaged strategies that exercise operations rather than ideas about markets."""

from tc.engines.nautilus.scenarios.ops_smoke_demo import OpsSmokeDemo, OpsSmokeDemoConfig

SCENARIOS: dict[str, tuple[type, type]] = {"ops_smoke_demo": (OpsSmokeDemo, OpsSmokeDemoConfig)}
"""Each scenario's strategy and config, by the name that a RunSpec uses."""
