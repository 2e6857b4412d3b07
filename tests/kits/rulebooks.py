"""The rulebooks of the five texts, S0 to S4: each key as its text says it, or not stated at all.

``scripts/make_rulebooks.py`` signs them with fixed keys into ``tests/rulebooks``; a re-run gives no
difference. ``policy.json`` there is what ``provision rulebook apply`` takes. The sound of an
announcement is not here: digests stand for it. The drafting slips of the texts are kept:

- S0§15 exempts the matters of §14 from the ban on pauses, though §13 permits them: both stand.
- S2§9 tells the party "where necessary" in one sentence and always in the next: always.
- S1 takes its words from the province and does not say them: the bureau's clip may say any.
- S2 and S3 give no hours for the hand-in: ``upload.deadline_hours`` is not stated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from evidence import rulebook
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.rulebook import Rulebook
from tests.kits.sessions import Bureau

FOLDER: Final = Path(__file__).parent.parent / "rulebooks"
BUREAU: Final = Bureau("rulebooks")
SENTENCE: Final = "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。"

NAMES: Final = {
    "S0": ("county-statistics", "某县统计局"),
    "S1": ("pingdingshan-statistics", "平顶山市统计局"),
    "S2": ("bohu-statistics", "博湖县统计局"),
    "S3": ("township-brigade", "某乡综合行政执法大队"),
    "S4": ("mingshan-hrss", "明山区人力资源和社会保障局"),
}
SAID: Final = {
    "S0": SENTENCE,
    "S1": SENTENCE,
    "S2": "正在进行音像记录。",
    "S3": "本次执法过程将全程录音录像。",
    "S4": SENTENCE,
}

_ANNEX: Final = [
    {
        "number": 1,
        "category": "行政检查",
        "matter": "调查取证",
        "step": "调查笔录",
        "place": "调查现场",
        "recorder": "检查人员",
        "begins": "进入检查现场时",
        "content": "记录当事人或在场有关人员不配合调查笔录审核及签字的过程及结果",
        "ends": "离开检查现场时",
        "stored": "与文字材料存储时间一致",
        "kind": "场景类",
        "note": "",
    },
    {
        "number": 2,
        "category": "行政处罚",
        "matter": "听证",
        "step": "调查取证",
        "place": "听证会场",
        "recorder": "听证记录员",
        "begins": "举行听证会开始",
        "content": "听证全过程",
        "ends": "听证会议结束",
        "stored": "与文字材料存储时间一致",
        "kind": "会议类",
        "note": "",
    },
]

POLICIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "S0": {
        "access.approver": "bureau_head",  # §21
        "access.free": ["legal_office"],  # §21
        "arrival.sign": True,  # §12
        "arrival.statement": "fixed",  # §12
        "continuity.intermittent_for": ["same_step", "voluntary"],  # §13, §15 with §14
        "continuity.rule": "intermittent",  # §13, §15
        "disclosure.audience": "party",  # §10
        "disclosure.text": SENTENCE,  # §10
        "disclosure.when": "before_questioning",  # §10
        "disclosure.wording": "exact",  # §10
        "equip.approval": True,  # §6
        "equip.approver": "department_head",  # §6
        "export.dual_control": True,  # §19
        "export.supervisor": "legal_office",  # §19
        "hold.approver": "bureau_head",  # §24
        "hold.keeper": "municipal",  # §24
        "hold.reasons": ["objection", "obstruction", "litigation", "other"],  # §24
        "may_record.codes": ["voluntary"],  # §14
        "media.carriers": ["disc", "removable"],  # §24
        "media.copies": 1,  # §24
        "must_record.codes": [  # §11
            "inspection",
            "patrol",
            "licence_review",
            "violation_check",
            "questioning",
            "statement_defence",
            "hearing",
            "service",
            "coercion",
        ],
        "retention.floor_months": 24,  # §23
        "review.rule": "periodic",  # §25, §26
        "secret.scene": "record",  # §16
        "session.begins": "before_entering",  # §11
        "session.ends": "after_notification",  # §11
        "text_entry.deadline_hours": 24,  # §20
        "text_entry.rule": "after_import",  # §20
        "upload.deadline_hours": 24,  # §20
        "upload.rule": "within",  # §20
    },
    "S1": {
        "arrival.statement": "purpose",  # §8
        "continuity.causes": [  # §12
            "fault",
            "damage",
            "battery",
            "storage",
            "weather",
            "obstruction",
            "force_majeure",
        ],
        "continuity.rule": "causes",  # §12
        "disclosure.audience": "party",  # §9
        "disclosure.when": "beforehand",  # §9
        "disclosure.wording": "provincial",  # §9
        "exemption.codes": ["equipment", "weather", "obstruction", "force_majeure"],  # §12
        "exemption.filed": True,  # §12
        "exemption.reviewer": "unit_leader",  # §12
        "export.supervisor": "archivist",  # §13
        "hold.reasons": ["possible_complaint", "obstruction", "sensitive"],  # §16
        "media.carriers": ["disc"],  # §16
        "media.copies": 2,  # §16
        "media.label": True,  # §16
        "must_record.codes": [  # §6
            "on_site_enforcement",
            "evidence_taking",
            "hearing",
            "lien_service",
            "notice_service",
        ],
        "must_record.items": _ANNEX,  # annex
        "retention.at_expiry": "propose",  # §15
        "retention.floor_months": 3,  # §15
        "retention.with_case": True,  # annex
        "review.per_year": 1,  # §17
        "review.rule": "irregular",  # §17
        "secret.scene": "record",  # §14
        "session.begins": "on_arrival",  # §8
        "session.ends": "on_leaving",  # §8
        "text_entry.rule": "with_text_file",  # annex
        "upload.deferral_codes": [  # §13
            "remote",
            "water",
            "poor_transport",
            "elsewhere",
            "consecutive",
        ],
        "upload.deferral_hours": 24,  # §13
        "upload.rule": "each_activity",  # §13
    },
    "S2": {
        "access.party_copy_approver": "agency_head",  # §17
        "arrival.statement": "fields",  # §9
        "disclosure.audience": "party_and_present",  # §9
        "disclosure.when": "always",  # §9
        "disclosure.wording": "free",  # §9
        "hold.reasons": ["objection", "obstruction", "mass_incident", "other"],  # §20
        "may_record.codes": [  # §11
            "report_call",
            "evidence_taking",
            "case_review",
            "lien_service",
            "execution",
        ],
        "media.carriers": ["disc"],  # §20
        "media.copies": 1,  # §20
        "must_record.codes": ["inspection", "evidence_taking", "hearing", "lien_service"],  # §6
        "officers.min": 2,  # §13
        "retention.floor_months": 0,  # §19
        "retention.with_case": True,  # §19
        "secret.scene": "record",  # §18
        "upkeep.stop_use": ["key", "storage", "camera", "microphone"],  # §10
        "upload.rule": "unstated",
    },
    "S3": {
        "access.approver": "township_leader",  # §14
        "access.publication_approver": "brigade_leader",  # §13
        "continuity.rule": "continuous",  # §6
        "disclosure.audience": "party",  # §6
        "disclosure.when": "first",  # §6
        "disclosure.wording": "free",  # §6
        "hold.approver": "brigade_leader",  # §11
        "hold.reasons": ["evidence"],  # §11
        "media.carriers": ["disc"],  # §11
        "media.copies": 1,  # §11
        "media.form": True,  # §11
        "must_record.codes": [  # §5
            "inspection",
            "coercion",
            "prior_registration",
            "evidence_taking",
            "questioning",
            "assisting",
            "minor_correction",
            "sensitive_case",
            "non_cooperation",
            "necessary",
        ],
        "retention.floor_months": 3,  # §11
        "review.rule": "daily",  # §15
        "secret.scene": "record",  # §3
        "text_entry.rule": "daily",  # §8
        "upload.rule": "daily",  # §8, §11
        "upload.weekday": 5,  # §11
    },
    "S4": {
        "access.approver": "deputy_head",  # §18
        "continuity.causes": [  # §11
            "fault",
            "damage",
            "battery",
            "storage",
            "weather",
            "place_change",
            "other_objective",
        ],
        "continuity.reason_on_resume": True,  # §11
        "continuity.rule": "technical",  # §11
        "disclosure.audience": "party",  # §8
        "disclosure.text": SENTENCE,  # §8
        "disclosure.when": "beforehand",  # §8
        "disclosure.wording": "exact",  # §8
        "exemption.codes": [  # §5
            "explosion_risk",
            "secret_or_privacy",
            "emergency",
            "objective",
        ],
        "exemption.reviewer": "body_head",  # §5
        "export.note": True,  # §17
        "hold.reasons": ["evidence"],  # §16, §17
        "media.carriers": ["disc"],  # §17
        "media.copies": 1,  # §17
        "must_record.codes": [  # §4
            "dispute_prone",
            "obstruction",
            "mass_incident",
            "major_case",
            "sealing_seizure",
            "required_by_law",
        ],
        "retention.floor_months": 12,  # §16
        "retention.with_case": True,  # §16
        "secret.scene": "may_skip",  # §5
        "session.begins": "on_arrival",  # §9
        "session.ends": "after_inspection",  # §9
        "upload.deadline_hours": 24,  # §15
        "upload.deferral_codes": ["remote", "poor_transport", "elsewhere", "consecutive"],  # §15
        "upload.deferral_hours": 24,  # §15
        "upload.rule": "within",  # §15
    },
}


def announcement(name: str) -> JsonObject:
    """What a session of that bureau says."""
    text = SAID[name]
    return {
        "id": "notice-zh",
        "lang": "zh-CN",
        "text": text,
        "text_sha256": sha256_hex(text.encode()),
        "pcm_sha256": sha256_hex(f"sound of {text}".encode()),
        "samples": 160_000,
        "rate": 16_000,
    }


def document(name: str, **changes: Any) -> JsonObject:
    """The rulebook before it is signed."""
    bureau_id, full_name = NAMES[name]
    needed = BUREAU.rulebook_document()["policy"]
    policy = {
        **{key: needed[key] for key in needed if not key.startswith(("upload.", "disclosure."))},
        "bureau.id": bureau_id,
        "bureau.name": full_name,
        "disclosure.announcements": [announcement(name)],
        **POLICIES[name],
        **changes,
    }
    return BUREAU.rulebook_document(version=1, policy=policy)


def files() -> dict[str, bytes]:
    """Every file of ``tests/rulebooks`` by its path there."""
    made = {"ca.pem": BUREAU.ca.public_bytes(Encoding.PEM), "root.json": BUREAU.root}
    for name, policy in POLICIES.items():
        text = json.dumps(policy, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        made[f"{name}/policy.json"] = text.encode()
        made[f"{name}/rulebook.json"] = rulebook.sign_rulebook(document(name), BUREAU.clerks)
    return made


def envelope(name: str) -> bytes:
    """The signed rulebook as it is kept."""
    return (FOLDER / name / "rulebook.json").read_bytes()


def read(name: str) -> Rulebook:
    """The kept rulebook, verified from its CA on."""
    root = rulebook.read_root((FOLDER / "root.json").read_bytes(), BUREAU.ca)
    return rulebook.read_rulebook(envelope(name), root)
