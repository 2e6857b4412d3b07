"""What stands on labels and forms, and what never does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from provisioning.paper import qr
from provisioning.paper.forms import Form, Handover, Repair, page
from provisioning.paper.label import labels
from tests.kits.bureau.papers import BARE, BUREAU, FORMS, HEAD, KEEPER, LEADER, LONG, OFFICER, USUAL

ELSEWHERE = re.compile(r"""(?:src=|href=|url\(|@import|<script|<link|<iframe|http:|https:|//)""")
SVG_NAMES = re.compile(r"http://www\.w3\.org/2000/svg")


def test_a_label_names_the_recorder_its_key_and_the_bureau() -> None:
    text = labels(BUREAU, [USUAL])
    for word in (BUREAU, "ZF-001", "RPI5-REC", "10000000a1b2c3d4", USUAL.fingerprint):
        assert word in text


def test_every_recorder_gets_a_label_of_its_own_in_the_order_asked_for() -> None:
    text = labels(BUREAU, [LONG, USUAL, BARE])
    assert text.count("<section>") == 3
    assert text.index(LONG.device) < text.index("ZF-001<") < text.index("ZF-002<")


def test_a_code_says_the_recorder_and_its_signing_key_and_nothing_else() -> None:
    assert USUAL.scanned == qr.said("ZF-001", USUAL.fingerprint) == f"ZF-001 {USUAL.fingerprint}"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_page_takes_nothing_from_elsewhere(form: Form) -> None:
    for text in (page(form), labels(BUREAU, [USUAL])):
        assert not ELSEWHERE.search(SVG_NAMES.sub("", text))
        assert "default-src 'none'" in text


@pytest.mark.parametrize(("title", "form"), FORMS.items())
def test_a_form_has_its_title_its_number_and_room_for_three_signatures(
    title: str, form: Form
) -> None:
    text = page(form)
    assert f"<h1>{title}</h1>" in text
    assert form.heading.number in text
    assert form.heading.machine.fingerprint in text
    assert text.count("年　　月　　日") == 3


@pytest.mark.rule("A7")
def test_a_handover_names_custodian_keeper_leader_and_the_approval() -> None:
    text = page(FORMS["配发交接单"])
    for one in (OFFICER, KEEPER, LEADER):
        assert f"{one.name}（{one.id}）" in text
        assert one.department in text
    assert OFFICER.certificate in text
    for word in (HEAD.name, "某统字2026年第12号", "2026-11-20"):
        assert word in text


@pytest.mark.rule("M3")
def test_a_repair_names_the_keeper_and_what_was_done() -> None:
    text = page(FORMS["维修单"])
    for word in (KEEPER.name, "镜头松动", "更换镜头，试机正常", "试机结果"):
        assert word in text


def test_a_repair_that_lasts_says_so() -> None:
    form = FORMS["维修单"]
    assert isinstance(form, Repair)
    assert "尚未解除" in page(replace(form, cleared=()))


def test_what_people_wrote_is_writing_and_nothing_else() -> None:
    form = FORMS["配发交接单"]
    assert isinstance(form, Handover)
    bold = "<b onload=alert(1)>“张三”</b>\u202e\u200b&amp;"
    text = page(replace(form, document=bold, custodian=replace(OFFICER, name=bold)))
    assert "<b onload" not in text
    assert text.count("&lt;b onload=alert(1)&gt;“张三”&lt;/b&gt;\\u202e\\u200b&amp;amp;") == 2
