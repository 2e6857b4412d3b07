"""The bureau's rulebook against the session that was opened under it.

Owns comparing version, addressee, announcements and recipients. Refuses opinions on the policy: a
rulebook with enough signatures is the bureau's word.
"""

from __future__ import annotations

from cryptography import x509

from evidence import rulebook
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.ids import JOURNAL_NAME
from evidence.moments import utc_ns
from evidence.rulebook import Rulebook
from evidence.verify.findings import Findings
from evidence.verify.session import Announced, Story

RULEBOOK_NAME = "rulebook.json"
ROOT_NAME = "root.json"


def check_rulebook(
    book_bytes: bytes, root_bytes: bytes, ca: x509.Certificate, story: Story, findings: Findings
) -> Rulebook | None:
    """Check the rulebook and what the session did under it.

    Returns:
        The rulebook the session was opened under; None where this is not it.
    """
    book = _read(book_bytes, root_bytes, ca, findings)
    opened = story.opened
    if book is None or opened is None:
        return None
    if opened["rulebook"] != {"version": book.version, "sha256": book.sha256}:
        detail = f"version {book.version}, opened under {opened['rulebook']['version']}"
        findings.add("rulebook_differs", detail, file=RULEBOOK_NAME)
        return None
    if not book.is_for(opened["dev"]):
        findings.add("rulebook_foreign", f"not for {opened['dev']}", file=RULEBOOK_NAME)
    if not utc_ns(book.not_before) <= utc_ns(opened["utc"]) < utc_ns(book.expires):
        findings.add("rulebook_expired", f"{book.not_before} to {book.expires}", file=RULEBOOK_NAME)
    _check_recipients(book, opened, findings)
    for announced in story.announced:
        _check_announcement(book, announced, findings)
    return book


def _read(
    book_bytes: bytes, root_bytes: bytes, ca: x509.Certificate, findings: Findings
) -> Rulebook | None:
    try:
        root = rulebook.read_root(root_bytes, ca)
    except EvidenceError as error:
        findings.add("rulebook_invalid", error.detail, file=ROOT_NAME)
        return None
    try:
        return rulebook.read_rulebook(book_bytes, root)
    except EvidenceError as error:
        findings.add("rulebook_invalid", error.detail, file=RULEBOOK_NAME)
        return None


def _check_recipients(book: Rulebook, opened: JsonObject, findings: Findings) -> None:
    sealed_to = {item["role"]: item["sha256"] for item in opened["recipients"]}
    ruled = {role: sha256_hex(age.encode()) for role, age in book.recipients.items()}
    if sealed_to != ruled:
        findings.add("recipients_differ", file=JOURNAL_NAME, record=0)


def _check_announcement(book: Rulebook, announced: Announced, findings: Findings) -> None:
    fields = announced.fields
    said = (fields["clip"], fields["text_sha256"], fields["pcm_sha256"])
    if said not in {(one.id, one.text_sha256, one.pcm_sha256) for one in book.announcements}:
        findings.add(
            "announcement_unknown",
            f"clip {fields['clip']}",
            file=JOURNAL_NAME,
            record=announced.record,
            second=announced.second,
        )
