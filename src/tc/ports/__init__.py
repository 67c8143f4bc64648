"""The few things a flow needs from outside: what an engine is asked, what it is given, what it answers."""

from tc.ports.attachments import AttachingEngine, Attachment, AttachmentEnd, AttachmentHooks, AttachmentOutcome, AttachRequest
from tc.ports.backtests import Backtest, BacktestRequest, Engine, EngineOutcome, Progress
from tc.ports.identities import ModuleSource, StrategyIdentity, StrategyRequest
from tc.ports.lives import LiveEngine, LiveNode, LiveOutcome, NodeState, OnStop, OwnLine, PaperRequest, Reconciling, TapeWriter
from tc.ports.streams import CoreStrategy, DispatchError, ExecutionAdapter, Stream

__all__ = [
    "AttachRequest",
    "AttachingEngine",
    "Attachment",
    "AttachmentEnd",
    "AttachmentHooks",
    "AttachmentOutcome",
    "Backtest",
    "BacktestRequest",
    "CoreStrategy",
    "DispatchError",
    "Engine",
    "EngineOutcome",
    "ExecutionAdapter",
    "LiveEngine",
    "LiveNode",
    "LiveOutcome",
    "ModuleSource",
    "NodeState",
    "OnStop",
    "OwnLine",
    "PaperRequest",
    "Progress",
    "Reconciling",
    "StrategyIdentity",
    "StrategyRequest",
    "Stream",
    "TapeWriter",
]
