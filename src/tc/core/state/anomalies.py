"""Anomalies: facts that are legal but odd, counted in State, and which of them changed nothing else."""

from msgspec.structs import replace

from tc.core.events import Event, OrderFilled
from tc.core.state.model import ANOMALIES_KEPT, Anomaly, AnomalyCode, ExecutionState


def with_anomaly(execution: ExecutionState, code: AnomalyCode, position: int, subject: str) -> ExecutionState:
    """Count an anomaly, and keep it if it is among the first."""
    kept = execution.anomalies
    return replace(
        execution,
        anomaly_counts={**execution.anomaly_counts, code: execution.anomaly_counts.get(code, 0) + 1},
        anomalies=kept if len(kept) >= ANOMALIES_KEPT else (*kept, Anomaly(code, position, subject)),
    )


def is_without_effect(event: Event, before: ExecutionState, after: ExecutionState) -> bool:
    """Say whether an order event was only counted as an anomaly: it moved no order, and it answers no command.

    A fill is never such: it counts, whatever is odd about it.
    """
    return after.anomaly_counts is not before.anomaly_counts and type(event) is not OrderFilled
