"""What runs keep: the work, the money, and the places that serve models."""

from runs.models.alerts import AlertDelivery, AlertReceiver, BudgetAlert, SeenAlert
from runs.models.bills import BillQuestion, BillTotal
from runs.models.chats import Conversation
from runs.models.connections import Breaker, Connection
from runs.models.judges import JudgeRecord
from runs.models.money import Balance, Cap, DayTotal, LedgerEntry, Reservation, RunPreference
from runs.models.spend import SpendTotal
from runs.models.work import Artifact, Event, Node, NodeDraft, Run, RunKey

__all__ = [
    "AlertDelivery",
    "AlertReceiver",
    "Artifact",
    "Balance",
    "BillQuestion",
    "BillTotal",
    "Breaker",
    "BudgetAlert",
    "Cap",
    "Connection",
    "Conversation",
    "DayTotal",
    "Event",
    "JudgeRecord",
    "LedgerEntry",
    "Node",
    "NodeDraft",
    "Reservation",
    "Run",
    "RunKey",
    "RunPreference",
    "SeenAlert",
    "SpendTotal",
]
