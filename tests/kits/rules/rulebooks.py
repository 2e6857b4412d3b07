"""The rulebooks of the five texts, S0 to S4, signed.

What they state is shipped: ``provisioning/files/policies``. ``scripts/make_rulebooks.py`` signs it
with fixed keys into ``tests/rulebooks``; a re-run gives no difference. The sound of an announcement
is not here: digests stand for it.
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
from provisioning.policy.fixtures import NAMES as FIXTURES
from provisioning.policy.fixtures import read_fixture
from tests.kits.records.bureau import Bureau

FOLDER: Final = Path(__file__).parents[2] / "rulebooks"
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

POLICIES: Final[Mapping[str, Mapping[str, Any]]] = {name: read_fixture(name) for name in FIXTURES}


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
