"""What the vault's news do.

Owns the rows of connection, admission, acknowledgement, closing, status, dock and plans. Refuses
nothing the vault has put on the medium.
"""

from __future__ import annotations

from typing import Final

from agent.session.moves import (
    checking,
    choosing,
    ending,
    noting,
    opening,
    photographing,
    speaking,
    telling,
)
from agent.session.table.rows import (
    BEFORE,
    ENDED,
    NO_SESSION,
    NO_VAULT,
    NOTHING_AWAITED,
    NOTHING_SENT,
    UNASKED,
    Ignored,
    Rows,
)

VAULT_ATTACHED: Final = Rows(
    starting=opening.attached_first,
    idle=opening.attached_idle,
    opening=opening.attached_opening,
    announcing=opening.attached_capturing,
    recording=opening.attached_capturing,
    confirming=opening.attached_capturing,
    stopping=ending.attached_stopping,
)
VAULT_LOST: Final = Rows(
    starting=Ignored("it is being sought already"),
    idle=opening.vault_lost,
    opening=opening.vault_lost,
    announcing=opening.vault_lost,
    recording=opening.vault_lost,
    confirming=opening.vault_lost,
    stopping=opening.vault_lost,
)
SESSION_OPENED: Final = Rows(
    starting=UNASKED,
    idle=UNASKED,
    opening=opening.opened,
    announcing=UNASKED,
    recording=UNASKED,
    confirming=UNASKED,
    stopping=UNASKED,
)
SESSION_REFUSED: Final = Rows(
    starting=opening.turned_away,
    idle=opening.turned_away,
    opening=opening.refused,
    announcing=UNASKED,
    recording=UNASKED,
    confirming=UNASKED,
    stopping=UNASKED,
)
MEDIA_TAKEN: Final = Rows(
    starting=NO_SESSION,
    idle=NO_SESSION,
    opening=NOTHING_SENT,
    announcing=speaking.media_taken,
    recording=NOTHING_AWAITED,
    confirming=speaking.media_taken,
    stopping=ENDED,
)
MEDIA_ADVANCED: Final = Rows(
    starting=NO_SESSION,
    idle=NO_SESSION,
    opening=NOTHING_SENT,
    announcing=noting.media_advanced,
    recording=noting.media_advanced,
    confirming=noting.media_advanced,
    stopping=ENDED,
)
SESSION_CLOSED: Final = Rows(
    starting=NO_SESSION,
    idle=NO_SESSION,
    opening=BEFORE,
    announcing=ending.closed_by_vault,
    recording=ending.closed_by_vault,
    confirming=ending.closed_by_vault,
    stopping=ending.closed,
)
STORAGE_CHANGED: Final = Rows(
    starting=noting.storage_changed,
    idle=noting.storage_changed,
    opening=noting.storage_changed,
    announcing=noting.tell_storage,
    recording=noting.tell_storage,
    confirming=noting.tell_storage,
    stopping=noting.storage_changed,
)
STATUS_TOLD: Final = Rows(
    starting=NO_VAULT,
    idle=telling.tell_idle,
    opening=telling.tell_in_session,
    announcing=telling.tell_in_session,
    recording=telling.tell_in_session,
    confirming=Ignored("the question whether to end is being asked"),
    stopping=ENDED,
)
DOCK_CHANGED: Final = Rows(
    starting=checking.take_dock,
    idle=checking.dock_changed,
    opening=checking.take_dock,
    announcing=checking.take_dock,
    recording=checking.take_dock,
    confirming=checking.take_dock,
    stopping=checking.take_dock,
)
PLANS_CHANGED: Final = Rows(
    starting=choosing.take_plans,
    idle=choosing.plans_changed,
    opening=Ignored("the plan of this recording is settled"),
    announcing=choosing.take_plans,
    recording=choosing.take_plans,
    confirming=choosing.take_plans,
    stopping=choosing.take_plans,
)
PREFLIGHT_STORED: Final = Rows(
    starting=checking.keep,
    idle=checking.stored,
    opening=checking.keep,
    announcing=checking.keep_in_session,
    recording=checking.keep_in_session,
    confirming=checking.keep_in_session,
    stopping=checking.keep,
)
PHOTO_STORED: Final = Rows(
    starting=NO_SESSION,
    idle=photographing.stored,
    opening=photographing.stored,
    announcing=photographing.stored,
    recording=photographing.stored,
    confirming=photographing.stored,
    stopping=photographing.stored,
)
