"""The frozen shapes that travel between the stages of a run, and its closed sets of words.

request -> plan -> nodes -> results; see ``runs/README.md``. Money is in whole nano-dollars: a call of ten
tokens at $0.02 a million costs 200 of them and would vanish in micro-dollars.
"""

from runs.shapes.calls import (
    CallStatus,
    ChatDelta,
    ChatRequest,
    ChatResult,
    Citation,
    Endpoint,
    FaultAction,
    Protocol,
    Thought,
    Usage,
)
from runs.shapes.money import API_DRIVER, CallQuote, Grant, Payer, Settlement
from runs.shapes.plans import (
    CostForecast,
    Feed,
    Gate,
    GateKind,
    ModelChoice,
    NodeInput,
    NodeKind,
    NodeSpec,
    Plan,
    PlanGrowth,
    Purpose,
    Reading,
)
from runs.shapes.requests import MergeStyle, RoleRequest, RunOptions, RunRequest
from runs.shapes.words import Json, JsonObject, Mode, NodeStatus, RunStatus

__all__ = [
    "API_DRIVER",
    "CallQuote",
    "CallStatus",
    "ChatDelta",
    "ChatRequest",
    "ChatResult",
    "Citation",
    "CostForecast",
    "Endpoint",
    "FaultAction",
    "Feed",
    "Gate",
    "GateKind",
    "Grant",
    "Json",
    "JsonObject",
    "MergeStyle",
    "Mode",
    "ModelChoice",
    "NodeInput",
    "NodeKind",
    "NodeSpec",
    "NodeStatus",
    "Payer",
    "Plan",
    "PlanGrowth",
    "Protocol",
    "Purpose",
    "Reading",
    "RoleRequest",
    "RunOptions",
    "RunRequest",
    "RunStatus",
    "Settlement",
    "Thought",
    "Usage",
]
