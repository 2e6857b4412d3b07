"""Session plans as the bureau's desk signs them, and as somebody else would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509

from evidence import plan
from evidence.canonical import JsonObject
from evidence.ids import PLAN_NAME
from evidence.plan import Officer, Particulars, Plan
from evidence.store.signers import file_signer
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import sealed_file, stated
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

PLAN_ID = "p-20261121-03-0badc0"
BEGINS = "2026-11-20T16:00:00.000000Z"
EXPIRES = "2026-11-21T16:00:00.000000Z"
NOON = "2026-11-21T04:00:00.000000Z"
OFFICERS = (
    Officer(id="O-1", name="张三", certificate="豫A0100123"),
    Officer(id="O-2", name="李四", certificate="41010200456"),
)
PARTICULARS = Particulars(
    plan_id=PLAN_ID,
    matter="统计数据质量检查",
    party="某某机械有限公司",
    place="某县工业路 1 号",
    officers=OFFICERS,
    items=("原始记录", "统计台账"),
)


def a_plan(device: str = "REC-0001", **changes: Any) -> Plan:
    """Plan 3 of a day, for ``device``; noise where its particulars would be sealed."""
    honest = Plan(
        plan_id=PLAN_ID,
        number=3,
        to=(device,),
        activity="inspection",
        officers=("O-1", "O-2"),
        begins=BEGINS,
        expires=EXPIRES,
        sealed=sealed_file("plan", 900),
    )
    return replace(honest, **changes)


class PlannedTake(Take):
    """A session that an officer began with a plan.

    Args:
        recorder: Whose.
        chosen: Which plan; its sealed part lies in the session. None: without one.
        changes: What the ``open`` record says otherwise.
    """

    def __init__(self, recorder: Recorder, chosen: Plan | None, /, **changes: Any) -> None:
        super().__init__(recorder, plan=False, opening={**_begun_by(chosen), **changes})
        if chosen is not None:
            self.files[PLAN_NAME] = chosen.sealed


def _begun_by(chosen: Plan | None) -> JsonObject:
    if chosen is None:
        return {"activity": "voluntary", "officer": None}
    return {
        "officer": None,
        "activity": chosen.activity,
        "officers": list(chosen.officers),
        "plan_id": chosen.plan_id,
        "plan": stated(PLAN_NAME, chosen.sealed),
    }


def signed(bureau: Bureau, one: Plan) -> bytes:
    """``one``, signed by the receipt key of a bureau in memory."""
    return plan.make(one, bureau.receipt_signer, bureau.receipt_certificate)


def signed_by(bureau: Path, one: Plan) -> bytes:
    """``one``, signed by the receipt key of the bureau in ``bureau``."""
    certificate = x509.load_pem_x509_certificate((bureau / "certs" / "receipt.pem").read_bytes())
    return plan.make(one, file_signer(bureau / "keys" / "receipt.pem"), certificate)
