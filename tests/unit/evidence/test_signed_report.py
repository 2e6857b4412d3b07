"""A signed compliance report: who made it, what was changed in it, and on what it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from evidence import canonical
from evidence.__main__ import BROKEN, UNUSABLE, VERIFIED, main
from evidence.canonical import JsonObject
from evidence.compliance import document
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.keys import EcSigner
from tests.kits.records.bureau import Bureau

BUREAU = Bureau()
JOURNAL = b"a journal\n"
SID = "019c0000-0000-7000-8000-000000000000"


def a_row(row: str, state: str) -> JsonObject:
    proof = {"file": "journal.jws", "record": 5} if state == "met" else None
    because = {"because_en": "it is so", "because_zh": "如此"}
    part = "desk" if state == "open" else None
    return {"row": row, "source": "S0§1", "state": state, "proof": proof, "part": part, **because}


def a_report() -> JsonObject:
    return {
        "v": 1,
        "device": "REC-0001",
        "session": SID,
        "counter": 3,
        "journal_sha256": sha256_hex(JOURNAL),
        "made": "2026-11-21T08:00:00.000000Z",
        "judgement": "verified",
        "disclosure": "verified",
        "opened": "2026-11-21T01:00:00.000000Z",
        "closed": None,
        "activity": "inspection",
        "officers": ["o-1"],
        "plan_id": None,
        "rulebook": {"bureau": "某县统计局", "version": 2, "sha256": "0" * 64},
        "explanations": [{"at": "2026-11-21T02:00:00.000000Z", "who": "张三", "reason": "临时"}],
        "summary": {"met": 1, "not_met": 1, "not_applicable": 0, "open": 1},
        "rows": [a_row("A1", "open"), a_row("C4", "not_met"), a_row("C8", "met")],
    }


def signed(report: JsonObject | None = None) -> bytes:
    certificate = BUREAU.receipt_certificate
    return document.sign(report or a_report(), BUREAU.receipt_signer, certificate)


def with_change(change: Callable[[Any], object]) -> bytes:
    whole = json.loads(signed())
    change(whole["report"])
    return canonical.dumps(whole)


def told(content: bytes) -> list[str]:
    verdict = document.judge(content, BUREAU.ca)
    return [f"{one.code} {one.detail}" for one in verdict.findings]


def test_what_the_bureau_signed_is_verified() -> None:
    verdict = document.judge(signed(), BUREAU.ca, journal=JOURNAL)
    assert (verdict.report, verdict.findings) == (a_report(), ())


def test_spelling_is_no_change() -> None:
    assert told(json.dumps(json.loads(signed()), indent=4).encode() + b"\n") == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda said: said["rows"][1].update(state="met"),
            ['rows.C4.state: signed "not_met", here "met"'],
        ),
        (lambda said: said["summary"].update(not_met=0), ["summary.not_met: signed 1, here 0"]),
        (
            lambda said: said.update(counter=True),
            ["counter: signed 3, here true"],
        ),
        (
            lambda said: said["rows"][0].update(proof={"file": "device.jws", "record": None}),
            [
                "rows.A1.proof: signed null, here nothing",
                'rows.A1.proof.file: signed nothing, here "device.jws"',
                "rows.A1.proof.record: signed nothing, here null",
            ],
        ),
        (
            lambda said: said["officers"].append("o-2"),
            ['officers.1: signed nothing, here "o-2"'],
        ),
        (lambda said: said.update(note="\u202e"), ['note: signed nothing, here "\u202e"']),
        (
            lambda said: said["rows"].append(said["rows"][2]),
            ["everything stands here, but in another order or twice"],
        ),
        (
            lambda said: said["rows"].reverse(),
            ["everything stands here, but in another order or twice"],
        ),
    ],
)
def test_each_change_is_named_with_what_was_signed(
    change: Callable[[Any], object], named: list[str]
) -> None:
    assert told(with_change(change)) == sorted(f"report_differs {one}" for one in named)


def test_a_row_that_was_taken_out_is_named() -> None:
    places = told(with_change(lambda said: said["rows"].pop(1)))
    assert all(one.startswith("report_differs rows.C4.") for one in places)
    assert len(places) == len(a_row("C4", "not_met"))


def test_long_texts_that_begin_alike_are_told_apart() -> None:
    long = a_report()
    long["explanations"][0]["reason"] = "x" * 500
    whole = json.loads(signed(long))
    whole["report"]["explanations"][0]["reason"] = "x" * 501
    (named,) = told(canonical.dumps(whole))
    before, _, here = named.partition("here")
    assert before.split("sha256")[1][:13] != here.split("sha256")[1][:13]
    assert len(named) < 300


def test_a_report_that_is_no_object_is_a_change() -> None:
    whole = json.loads(signed())
    whole["report"] = 5
    assert "report_differs report: signed nothing, here 5" in told(canonical.dumps(whole))


def test_no_byte_of_the_signature_can_be_changed() -> None:
    content = signed()
    begin = content.index(b'"signature":"') + len(b'"signature":"')
    for at in (*range(begin, begin + 40), *range(len(content) - 90, len(content) - 2)):
        changed = bytearray(content)
        changed[at] = ord("A") if changed[at] != ord("A") else ord("B")
        assert told(bytes(changed))[0].startswith("report_invalid")


def test_another_bureau_another_key_or_a_receipt_s_token_vouches_for_nothing() -> None:
    other = Bureau("another")
    assert told(document.sign(a_report(), other.receipt_signer, other.receipt_certificate))
    stranger = EcSigner(ec.generate_private_key(ec.SECP256R1()))
    verdict = document.judge(
        document.sign(a_report(), stranger, BUREAU.receipt_certificate), BUREAU.ca
    )
    assert verdict.report is None
    assert [one.code for one in verdict.findings] == ["report_invalid"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"report":{},"signature":5}',
        b'{"report":{},"signature":"\xc3\xa9"}',
        b'{"report":{"a":"\\ud800"},"signature":"a.b.c"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_report_is_said_to_be_none(content: bytes) -> None:
    assert told(content)[0].startswith("report_invalid")


def test_nothing_is_signed_that_is_no_report() -> None:
    with pytest.raises(EvidenceError):
        signed({**a_report(), "rows": [{}]})
    long = a_report()
    long["explanations"] = long["explanations"] * 900
    for one in long["explanations"]:
        one["reason"] = "说" * 4_000
    with pytest.raises(EvidenceError):
        signed(long)


@pytest.fixture
def laid(tmp_path: Path) -> Callable[..., list[str]]:
    (tmp_path / "ca.pem").write_bytes(BUREAU.ca.public_bytes(Encoding.PEM))

    def arguments(content: bytes, *more: str) -> list[str]:
        (tmp_path / "r.json").write_bytes(content)
        return ["report", str(tmp_path / "r.json"), "--ca", str(tmp_path / "ca.pem"), *more]

    return arguments


def test_the_command_prints_the_report_and_ends_with_verified(
    laid: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(laid(signed(), "--lang", "zh")) == VERIFIED
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "VERIFIED"
    assert "某县统计局（办法第 2 版）" in lines[0]
    assert any("C4" in line and "如此" in line for line in lines)
    assert any("2026-11-21 16:00" in line for line in lines)


def test_the_command_prints_what_was_signed_and_names_what_stands_there_instead(
    laid: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    def praise(said: Any) -> None:
        said["rows"][1]["state"] = "met"
        said["note"] = "\x1b[2J"

    assert main(laid(with_change(praise))) == BROKEN
    out = capsys.readouterr().out
    assert "[report_differs]" in out
    assert 'rows.C4.state: signed "not_met", here "met"' in out
    assert "not met 1 rows" in out
    assert "\x1b" not in out
    assert out.endswith("BROKEN\n")
    assert main(laid(with_change(praise), "--json")) == BROKEN
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["report"] == a_report()
    assert {one["code"] for one in verdict["findings"]} == {"report_differs"}


def test_a_report_on_another_recording_is_found_beside_its_evidence(
    laid: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "journal.jws").write_bytes(JOURNAL)
    beside = ("--evidence", str(tmp_path / "case"))
    assert main(laid(signed(), *beside)) == VERIFIED
    (tmp_path / "case" / "journal.jws").write_bytes(JOURNAL + b"x")
    assert main(laid(signed(), *beside)) == BROKEN
    assert "[report_foreign] journal.jws" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_judged_by_nobody(
    laid: Callable[..., list[str]], tmp_path: Path
) -> None:
    arguments = laid(signed())
    (tmp_path / "r.json").unlink()
    assert main(arguments) == UNUSABLE
