"""What recorder, dock and vault say to each other over the vault's sockets.

Owns the messages; ``agent.channel`` frames them. Refuses time, order and predecessor: no message to
the vault carries an index or a hash of a record, the vault makes those itself.

``from_recorder`` and ``to_recorder`` are one direction each, ``dock`` both of the dock's;
``values`` is what they carry. Everybody imports from here, as ``messages as m`` or by name.
"""

from __future__ import annotations

from agent.vault.messages.dock import (
    FromDock,
    ListPending,
    Noted,
    NoteDock,
    Pending,
    PendingSession,
    PlanTaken,
    ReceiptTaken,
    SubmitPlan,
    SubmitReceipt,
    ToDock,
)
from agent.vault.messages.from_recorder import (
    AskStatus,
    Attach,
    BeginSegment,
    CloseSession,
    EndSegment,
    Fragment,
    FromRecorder,
    NoteFault,
    NotePress,
    OpenSession,
    StoreEvent,
    StorePhoto,
    StorePreflight,
)
from agent.vault.messages.to_recorder import (
    Attached,
    DockChanged,
    Durable,
    PlansChanged,
    PreflightStored,
    Recorded,
    Refused,
    SegmentSealed,
    SessionClosed,
    SessionOpened,
    Status,
    StorageState,
    ToRecorder,
)
from agent.vault.messages.values import (
    ActiveSession,
    AnnouncementRule,
    CheckResult,
    Conduct,
    Natural,
    PlanChoice,
    Positive,
    PreviousSession,
    Progress,
)

__all__ = [
    "ActiveSession",
    "AnnouncementRule",
    "AskStatus",
    "Attach",
    "Attached",
    "BeginSegment",
    "CheckResult",
    "CloseSession",
    "Conduct",
    "DockChanged",
    "Durable",
    "EndSegment",
    "Fragment",
    "FromDock",
    "FromRecorder",
    "ListPending",
    "Natural",
    "NoteDock",
    "NoteFault",
    "NotePress",
    "Noted",
    "OpenSession",
    "Pending",
    "PendingSession",
    "PlanChoice",
    "PlanTaken",
    "PlansChanged",
    "Positive",
    "PreflightStored",
    "PreviousSession",
    "Progress",
    "ReceiptTaken",
    "Recorded",
    "Refused",
    "SegmentSealed",
    "SessionClosed",
    "SessionOpened",
    "Status",
    "StorageState",
    "StoreEvent",
    "StorePhoto",
    "StorePreflight",
    "SubmitPlan",
    "SubmitReceipt",
    "ToDock",
    "ToRecorder",
]
