"""How a policy is shown.

Owns tables and their JSON. Refuses to change anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evidence.moments import utc_ns
from evidence.rulebook import KEYS, effective
from provisioning.bureau_folder import Bureau
from provisioning.policy.checks import problems_of
from provisioning.policy.draft import Draft, require
from provisioning.policy.publishing import signed_by
from provisioning.policy.standing import Standing, standings
from provisioning.policy.wording import (
    changes_of,
    default_text,
    describe,
    value_text,
)

EXPIRING_DAYS: Final = 60
"""A rulebook that ends so soon is told of."""
_DAY_NS: Final = 86_400 * 1_000_000_000

Change = tuple[str, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a check of the draft found.

    Attributes:
        version: The draft would become.
        problems: In Chinese.
        changes: Against the rulebook in force.
        signed: Who has signed; None: nobody has begun.
        expires_in_days: The rulebook in force does.
    """

    version: int
    problems: list[str]
    changes: list[Change]
    signed: dict[str, bool] | None
    expires_in_days: int


def review(bureau: Bureau, now_ns: int) -> Review:
    """Check the draft.

    Raises:
        PolicyRefusedError: There is none.
    """
    one = require(bureau)
    return Review(
        version=one.base + 1,
        problems=problems_of(one.policy, bureau.folder.announce),
        changes=changes_of(bureau.rulebook.policy, effective(one.policy)),
        signed=signed_by(bureau),
        expires_in_days=_days_left(bureau, now_ns),
    )


def print_review(found: Review, *, as_json: bool) -> None:
    """The problems, what would change, and who has signed."""
    if as_json:
        _json(asdict(found))
        return
    console = Console()
    console.print(f"草案（将为第 {found.version} 版），与现行办法不同 {len(found.changes)} 项：")
    _print_changes(console, found.changes)
    for problem in found.problems:
        console.print(f"[red]✘[/red] {escape(problem)}", highlight=False, soft_wrap=True)
    if not found.problems:
        console.print("[green]✔[/green] 核对通过，可以签署：provision policy sign --as clerk")
    for name, has in (found.signed or {}).items():
        console.print(f"  {name}：{'已签署' if has else '未签署'}")
    _warn(console, found.expires_in_days)


def print_rulebook(bureau: Bureau, now_ns: int, *, as_json: bool) -> None:
    """The rulebook in force."""
    book = bureau.rulebook
    left = _days_left(bureau, now_ns)
    if as_json:
        head = {"version": book.version, "sha256": book.sha256, "expires": book.expires}
        _json({**head, "expires_in_days": left, "policy": dict(book.policy)})
        return
    console = Console()
    console.print(f"第 {book.version} 版  有效期 {book.not_before[:10]} 至 {book.expires[:10]}")
    _print_policy(console, book.policy, book.stated)
    _warn(console, left)


def print_draft(bureau: Bureau, *, as_json: bool) -> None:
    """The draft under way."""
    one: Draft = require(bureau)
    if as_json:
        _json({**asdict(one), "signed": signed_by(bureau)})
        return
    console = Console()
    console.print(
        f"草案（将为第 {one.base + 1} 版）  有效期至 {(one.expires or '签署后三年')[:10]}"
    )
    _print_policy(console, effective(one.policy), one.policy)


def print_devices(bureau: Bureau, *, as_json: bool) -> None:
    """Who has which version."""
    found = standings(bureau)
    version = bureau.rulebook.version
    if as_json:
        rows = [{**asdict(one), "current": one.has(version)} for one in found]
        _json({"version": version, "devices": rows})
        return
    console = Console()
    table = Table("设备", "台账所载版本", "最近答复", "时间")
    for one in found:
        style = "" if one.has(version) else "yellow"
        table.add_row(one.device, _logged(one), one.told(), one.utc[:19], style=style)
    console.print(table)
    current = sum(one.has(version) for one in found)
    console.print(f"现行第 {version} 版；{len(found)} 台设备中 {current} 台已采用。")


def print_changes(old: Mapping[str, Any], new: Mapping[str, Any], *, as_json: bool) -> None:
    """In what two policies differ."""
    found = changes_of(old, new)
    if as_json:
        _json({"changes": [{"key": key, "old": was, "new": now} for key, was, now in found]})
        return
    console = Console()
    _print_changes(console, found)
    console.print(f"不同 {len(found)} 项。" if found else "两版完全相同。")


def print_keys(*, as_json: bool) -> None:
    """Every key there is."""
    rows = describe()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    console = Console()
    for row in rows:
        key = row["key"]
        console.print(f"[bold]{key}[/bold]  {row['chinese']}", highlight=False)
        told = f"    允许 {row['allowed']}；默认 {default_text(key)}"
        console.print(escape(told), highlight=False, soft_wrap=True)
        if row["cited"]:
            console.print(f"    [dim]{escape(row['cited'])}[/dim]", highlight=False, soft_wrap=True)


def _print_policy(console: Console, policy: Mapping[str, Any], stated: Mapping[str, Any]) -> None:
    for key in KEYS:
        value = value_text(key, policy[key]) if key in policy else "（未填写）"
        mark = "" if key in stated else "  [dim]默认[/dim]"
        line = f"  {key}（{KEYS[key].chinese}）= {escape(value)}{mark}"
        console.print(line, highlight=False, soft_wrap=True)


def _print_changes(console: Console, changes: list[Change]) -> None:
    for key, was, now in changes:
        told = f"  {key}（{KEYS[key].chinese}）：{_value(key, was)} → {_value(key, now)}"
        console.print(escape(told), highlight=False, soft_wrap=True)


def _value(key: str, value: object) -> str:
    return "（未写）" if value is None else value_text(key, value)


def _logged(one: Standing) -> str:
    return f"第 {one.version} 版" if one.version else "配发时的版本"


def _days_left(bureau: Bureau, now_ns: int) -> int:
    return (utc_ns(bureau.rulebook.expires) - now_ns) // _DAY_NS


def _warn(console: Console, days: int) -> None:
    if days < 0:
        console.print("[red]现行办法已过有效期：设备照常记录并提示，请尽快签发新版。[/red]")
    elif days <= EXPIRING_DAYS:
        console.print(f"[yellow]现行办法将于 {days} 天后到期，请及时签发新版。[/yellow]")


def _json(document: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, sort_keys=True))
