"""``bureau plan``: session plans made, published and followed.

Owns the options and the columns. Refuses judgement: ``bureau.plans.planning`` checks a plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from bureau import days, office
from bureau.cli.words import BureauOption, JsonOption, clock_of, guard, say_json, say_table
from bureau.ledger import ASKED_AGAIN, PlanAnswerRow
from bureau.plans.book import PlanBook
from bureau.plans.courier import REFUSED, TAKEN
from bureau.plans.draft import Draft, Wish, officer_of, read_wish
from bureau.settings import Bureau
from evidence.activities import ACTIVITIES, MUST_RECORD, name_of
from evidence.moments import utc_ns
from evidence.plan import MOST_NUMBER

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "执法计划：出发前写明事项、对象、地点、人员，签发后在底座上自动送到记录仪。\n\n"
        "`bureau plan new` 登记，`bureau plan publish` 签发，`bureau plan list` 看送达情况。"
    ),
)

_ANSWERS: Final = {TAKEN: "已送达", REFUSED: "拒收", ASKED_AGAIN: "重新发送中"}
_REFUSALS: Final = {
    "plan_expired": "记录仪认为已过期，请核对其时钟",
    "plan_device": "不是发给本机的",
    "plan_signature": "签名不被认可，请核对设备所属单位",
    "plan_changed": "同编号计划内容不同",
    "plan_room": "本机计划已满",
    "plan_size": "内容过大",
    "plan_malformed": "格式不被认可，请核对软件版本",
}
_EXAMPLE: Final = """
文件内容示例（plan.toml，时间为北京时间）：

```
devices = ["ZF-001"]
activity = "inspection"
matter = "统计数据质量检查"
party = "某某有限公司"
place = "某县工业路1号"
items = ["原始记录", "统计台账"]
begins = "2026-11-21 09:00"
expires = "2026-11-21 18:00"

[[officers]]
id = "O-1"
name = "张三"
certificate = "41010200456"
```
"""


@app.command(
    help=(
        "登记一份执法计划（草稿，尚未发送）。内容来自 --file，也可全用选项；选项优先。\n\n"
        "例：bureau plan new --bureau ./bureau --to ZF-001 --activity inspection "
        "--matter 统计数据质量检查 --party 某某公司 --place 工业路1号 "
        "--officer O-1:张三:41010200456 --officer O-2:李四:41010200789\n" + _EXAMPLE
    ),
)
def new(  # noqa: PLR0913 - one option for each thing a plan says
    context: typer.Context,
    *,
    bureau: BureauOption,
    file: Annotated[Path | None, typer.Option(help="TOML 文件，格式见上。")] = None,
    to: Annotated[list[str] | None, typer.Option(help="设备编号，可重复。")] = None,
    activity: Annotated[
        str | None, typer.Option(help="事项代码，见 bureau plan activities。")
    ] = None,
    matter: Annotated[str | None, typer.Option(help="执法事项（案由）。")] = None,
    party: Annotated[str | None, typer.Option(help="执法对象。")] = None,
    place: Annotated[str | None, typer.Option(help="地点。")] = None,
    officer: Annotated[
        list[str] | None,
        typer.Option(
            help="执法人员，写作 编号:姓名:执法证号，可重复；人数不少于本单位办法的规定。"
        ),
    ] = None,
    item: Annotated[list[str] | None, typer.Option(help="拟检查内容，按顺序，可重复。")] = None,
    begins: Annotated[
        str | None, typer.Option(help="开始，如 “2026-11-21 09:00”；不写为现在。")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="截止；不写为当日结束。最长 31 天。")] = None,
    number: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_NUMBER, help="语音播报的序号；不写则取当日最小的空号。"),
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="登记后立即签发。")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a plan down."""

    def work(one: Bureau) -> None:
        said = {
            "devices": to,
            "activity": activity,
            "matter": matter,
            "party": party,
            "place": place,
            "officers": [officer_of(text) for text in officer] if officer else None,
            "items": item,
            "begins": begins,
            "expires": expires,
            "number": number,
        }
        base = Wish() if file is None else read_wish(file)
        given = {name: value for name, value in said.items() if value is not None}
        planning = office.open_planning(one, clock_of(context))
        draft = planning.draft(msgspec.structs.replace(base, **given))
        if publish:
            planning.publish(draft.plan_id)
        if as_json:
            say_json(_plain(draft, planning.book))
            return
        typer.echo(f"已登记：{draft.plan_id}，{draft.number} 号，{name_of(draft.activity)}")
        typer.echo(f"时间：{days.say(draft.begins)} 至 {days.say(draft.expires)}（北京时间）")
        if publish:
            typer.echo("已签发，记录仪放上底座后自动送达。")
        else:
            typer.echo(f"签发：bureau plan publish {draft.plan_id} --bureau {one.paths.folder}")

    guard(bureau, work, as_json=as_json)


@app.command(
    help=(
        "签发一份计划：事项、对象、地点、人员加密后签名，记录仪上只有序号、事项代码和人员编号。\n\n"
        "签发后不能更改，要改请另登记一份。重复执行会让记录仪重新接收同一份计划。\n\n"
        "例：bureau plan publish p-20261121-03-0badc0 --bureau ./bureau"
    ),
)
def publish(
    context: typer.Context,
    plan_id: Annotated[str, typer.Argument(help="计划编号（bureau plan list 的最后一列）。")],
    *,
    bureau: BureauOption,
    as_json: JsonOption = False,
) -> None:
    """Seal and sign a plan."""

    def work(one: Bureau) -> None:
        clock = clock_of(context)
        planning = office.open_planning(one, clock)
        signed = planning.publish(plan_id)
        office.open_ledger(one).ask_again(plan_id, clock.utc())
        if as_json:
            say_json(_plain(planning.book.draft(plan_id), planning.book))
            return
        typer.echo(f"已签发：{signed.plan.number} 号，发往 {'、'.join(signed.plan.to)}")
        typer.echo("记录仪放上底座后自动送达，送达情况见 bureau plan list。")

    guard(bureau, work, as_json=as_json)


@app.command(
    "list",
    help=(
        "列出执法计划、送达情况和按计划记录的次数。默认不含已过期的；"
        "--all 全部列出，过期而记录数为 0 的，应查明未记录的原因。"
    ),
)
def list_plans(
    context: typer.Context,
    *,
    bureau: BureauOption,
    every: Annotated[bool, typer.Option("--all", help="也列出已过期的计划。")] = False,
    as_json: JsonOption = False,
) -> None:
    """List plans."""

    def work(one: Bureau) -> None:
        book, now_ns = office.open_plans(one), clock_of(context).utc_ns()
        shown = [each for each in book.drafts() if every or utc_ns(each.expires) > now_ns]
        ledger = office.open_ledger(one)
        answers, sessions = ledger.plan_answers(), ledger.sessions_by_plan()
        if as_json:
            rows = [
                {
                    **_plain(each, book),
                    "answers": _told(each, answers),
                    "sessions": sessions.get(each.plan_id, 0),
                }
                for each in shown
            ]
            say_json(rows)
            return
        say_table(
            ["序号", "开始", "截止", "事项", "案由", "对象", "人员", "送达", "记录", "编号"],
            [
                [
                    str(each.number),
                    days.say(each.begins),
                    days.say(each.expires),
                    name_of(each.activity),
                    each.particulars.matter,
                    each.particulars.party,
                    "、".join(officer.name for officer in each.particulars.officers),
                    _delivery(each, book, answers, now_ns),
                    str(sessions.get(each.plan_id, 0)),
                    each.plan_id,
                ]
                for each in shown
            ],
        )

    guard(bureau, work, as_json=as_json)


@app.command(help="列出事项代码：哪些必须记录，哪些可以记录。")
def activities(*, as_json: JsonOption = False) -> None:
    """List the table of activities."""
    if as_json:
        say_json(dict(ACTIVITIES))
        return
    say_table(
        ["代码", "事项", "要求"],
        [
            [code, name, "必须记录" if code in MUST_RECORD else "可以记录"]
            for code, name in ACTIVITIES.items()
        ],
    )


def _plain(draft: Draft, book: PlanBook) -> dict[str, object]:
    said = draft.particulars
    return {
        "plan_id": draft.plan_id,
        "number": draft.number,
        "to": list(draft.to),
        "activity": draft.activity,
        "begins": draft.begins,
        "expires": draft.expires,
        "matter": said.matter,
        "party": said.party,
        "place": said.place,
        "items": list(said.items),
        "officers": [
            {"id": one.id, "name": one.name, "certificate": one.certificate}
            for one in said.officers
        ],
        "published": book.find(draft.plan_id) is not None,
    }


def _told(draft: Draft, answers: dict[tuple[str, str], PlanAnswerRow]) -> dict[str, object]:
    rows = {device: answers.get((device, draft.plan_id)) for device in draft.to}
    return {
        device: None if row is None else {"state": row.state, "code": row.code, "at": row.at}
        for device, row in rows.items()
    }


def _delivery(
    draft: Draft, book: PlanBook, answers: dict[tuple[str, str], PlanAnswerRow], now_ns: int
) -> str:
    if book.find(draft.plan_id) is None:
        return "草稿" if utc_ns(draft.expires) > now_ns else "草稿（已过期）"
    said = []
    for device in draft.to:
        row = answers.get((device, draft.plan_id))
        state = "待送达" if row is None else _ANSWERS.get(row.state, row.state)
        why = _REFUSALS.get(row.code, row.code) if row else ""
        said.append(f"{device} {state}" + (f"：{why}" if why else ""))
    return "；".join(said)
