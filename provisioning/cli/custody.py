"""The commands that say who has a device: from the head's approval to its end.

Owns words and options. Refuses work: every command is one move, see ``provisioning.custody.moves``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from provisioning.cli import oversight, people, words
from provisioning.custody.carrying import carry as write_assignment
from provisioning.custody.lines import ANY_DEVICE
from provisioning.custody.moves import Move
from provisioning.custody.moves.approving import Approve
from provisioning.custody.moves.assigning import Assign, Keep, Return
from provisioning.custody.moves.ending import Lose, Retire, Revoke
from provisioning.custody.moves.repairing import FAULT, REPAIR, Clear, Freeze, Maintain
from provisioning.custody.register import change
from provisioning.custody.state import Permitted

ANY: Final = "any"

_Device = Annotated[
    str, typer.Argument(help="设备编号，例如 ZF-001。", metavar="DEVICE", show_default=False)
]
_Note = Annotated[str, typer.Option("--note", help="情况说明。", show_default=False)]
_To = Annotated[
    str, typer.Option("--to", help="使用人编号（专人专用）。", show_default=False, metavar="PERSON")
]
_KeeperSays = Annotated[
    str, typer.Option("--keeper", help="保管维护人编号。", show_default=False, metavar="PERSON")
]
_Keeper = Annotated[
    str | None, typer.Option(help="保管维护人编号；默认沿用该设备原来的。", metavar="PERSON")
]
_Leader = Annotated[
    str | None,
    typer.Option(help="负责人（第一责任人）编号；默认沿用该设备原来的。", metavar="PERSON"),
]
_Until = Annotated[
    str | None,
    typer.Option(
        help="使用期限的最后一天，例如 2027-11-21：过期后设备不再开始记录，"
        "未对接也一样。默认不设期限。",
        metavar="DATE",
    ),
]
_Officers = Annotated[
    list[str] | None,
    typer.Option(
        "--officer",
        help="还可以使用本机的人（可多次）：编号，或 编号=最后一天，例如 O-2=2027-03-31。"
        "不在名单上的人，设备不让其开始记录。",
        metavar="PERSON[=DATE]",
    ),
]
_Barred = Annotated[
    list[str] | None,
    typer.Option("--bar", help="不再可以使用本机的人（可多次）。", metavar="PERSON"),
]
_Approval = Annotated[
    str | None, typer.Option(help="批准编号；默认取未用过的、写明此人和此设备的批准。")
]


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    people.register(app)
    changes = (approve, assign, reassign, return_, repair, fault, clear, keep, maintain, lost)
    for command in (*changes, carry):
        app.command(command.__name__.rstrip("_"), help=_HELP[command.__name__])(command)
    app.command("revoke", help=_HELP["revoke"])(revoke)
    app.command("retire", help=_HELP["retire"])(retire)
    oversight.register(app)


_HELP: Final = {
    "carry": (
        "把设备现行的配发通知写入存储盘（无对接网络时）：配发、归还、维修之后都要带给设备。\n\n"
        "在设备上用 recorder words --from 取回，由证据库核验后采用。\n\n"
        "例：provision carry ZF-001 --to /media/usb --bureau ./bureau"
    ),
    "approve": (
        "登记部门主要负责人的批准（配发前必须有）：写明使用人和设备，由负责人密钥签署。\n\n"
        "一份批准用于一次配发。DEVICE 写 any 表示由经办人选择设备。\n\n"
        "例：provision approve ZF-001 --to O-1 --approver H-1 --document 统批2026-1号"
        " --bureau ./bureau"
    ),
    "assign": (
        "首次配发：把设备交给使用人，写明保管维护人和负责人。没有批准、设备在他人手中、"
        "培训过期（办法要求时）都会拒绝。\n\n"
        "例：provision assign ZF-001 --to O-1 --keeper K-1 --leader L-1 --bureau ./bureau"
    ),
    "reassign": (
        "改配：归还并在采集站交清之后，把设备交给另一位使用人。\n\n"
        "先 `provision return`，设备放在采集站收到归还通知、全部记录移交完毕，再运行本命令。\n\n"
        "例：provision reassign ZF-001 --to O-2 --bureau ./bureau"
    ),
    "return_": (
        "归还：使用人交回设备，生成归还单号。此后设备不能再开始记录。\n\n"
        "例：provision return ZF-001 --bureau ./bureau"
    ),
    "repair": (
        "送修：停用设备并登记去向。修好后由保管维护人用 `provision clear` 解除。\n\n"
        "例：provision repair ZF-001 --note 送县维修点更换镜头 --bureau ./bureau"
    ),
    "fault": (
        "故障停用：使用人报告故障后立即停用。之后送修（repair）或解除（clear）。\n\n"
        "例：provision fault ZF-001 --note 无法对焦 --bureau ./bureau"
    ),
    "clear": (
        "解除停用：只有该设备的保管维护人可以。原使用人继续使用；设备自行停用的也由此恢复。\n\n"
        "例：provision clear ZF-001 --keeper K-1 --note 已更换镜头 --bureau ./bureau"
    ),
    "keep": (
        "更换保管维护人或负责人（第一责任人），延长使用期限（--until），增减还可以使用本机的人"
        "（--officer、--bar），使用人不变。设备下次对接后生效。\n\n"
        "例：provision keep ZF-001 --keeper K-2 --bureau ./bureau\n\n"
        "例：provision keep ZF-001 --officer O-2=2027-03-31 --bar O-3 --bureau ./bureau"
    ),
    "maintain": (
        "登记日常维护（充电、清洁、检查）。`provision status` 会提示到期未维护的设备。\n\n"
        "例：provision maintain ZF-001 --keeper K-1 --note 充电清洁试录正常 --bureau ./bureau"
    ),
    "lost": (
        "遗失：一步完成登记簿注销、证书吊销、终止配发。不能撤销，编号不再使用。\n\n"
        "采集工作站随即重启消息服务，其他设备的移交会自动继续。\n\n"
        "例：provision lost ZF-001 --note 入户途中遗失已报告 --bureau ./bureau"
    ),
    "revoke": (
        "吊销：设备密钥不再可信。登记簿改为 revoked，两张证书列入吊销列表。不能撤销。\n\n"
        "例：provision revoke ZF-001 --reason compromised --bureau ./bureau"
    ),
    "retire": (
        "报废：归还并交清之后注销设备。无法读取的设备须写 --left 说明，由负责人密钥签署。\n\n"
        "例：provision retire ZF-001 --bureau ./bureau"
    ),
}


def approve(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: Annotated[
        str, typer.Argument(help="设备编号，或 any。", metavar="DEVICE", show_default=False)
    ],
    to: _To,
    approver: Annotated[
        str, typer.Option(help="批准人（主要负责人）编号。", show_default=False, metavar="PERSON")
    ],
    document: Annotated[str, typer.Option(help="批准文号。", show_default=False)],
    bureau: words.BureauOption,
    date: Annotated[str | None, typer.Option(help="批准日期，例如 2026-11-21；默认今天。")] = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Write down the head's approval."""
    device = ANY_DEVICE if device_id == ANY else device_id
    move = Approve(approver=approver, custodian=to, device=device, document=document, date=date)
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def assign(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: _Device,
    to: _To,
    bureau: words.BureauOption,
    keeper: _Keeper = None,
    leader: _Leader = None,
    approval: _Approval = None,
    until: _Until = None,
    officer: _Officers = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Hand a device out for the first time."""
    move = Assign(
        device=device_id,
        custodian=to,
        keeper=keeper,
        leader=leader,
        approval=approval,
        until=until,
        officers=_permitted(officer),
        again=False,
    )
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def reassign(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: _Device,
    to: _To,
    bureau: words.BureauOption,
    keeper: _Keeper = None,
    leader: _Leader = None,
    approval: _Approval = None,
    until: _Until = None,
    officer: _Officers = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Hand a device out again."""
    move = Assign(
        device=device_id,
        custodian=to,
        keeper=keeper,
        leader=leader,
        approval=approval,
        until=until,
        officers=_permitted(officer),
        again=True,
    )
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def return_(
    *,
    context: typer.Context,
    device_id: _Device,
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Take a device back."""
    _carry(context, bureau, Return(device=device_id), dry_run=dry_run, as_json=as_json)


def repair(
    *,
    context: typer.Context,
    device_id: _Device,
    note: _Note,
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Send a device to repair."""
    move = Freeze(device=device_id, because=REPAIR, note=note)
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def fault(
    *,
    context: typer.Context,
    device_id: _Device,
    note: _Note,
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Stop the use of a device."""
    move = Freeze(device=device_id, because=FAULT, note=note)
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def clear(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: _Device,
    keeper: _KeeperSays,
    note: _Note,
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Let a device be used again."""
    move = Clear(device=device_id, keeper=keeper, note=note)
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def keep(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: _Device,
    bureau: words.BureauOption,
    keeper: _Keeper = None,
    leader: _Leader = None,
    until: _Until = None,
    officer: _Officers = None,
    bar: _Barred = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Name another keeper, leader or last day, or who else may use it."""
    move = Keep(
        device=device_id,
        keeper=keeper,
        leader=leader,
        until=until,
        officers=_permitted(officer),
        without=tuple(bar or ()),
    )
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def maintain(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: _Device,
    keeper: _KeeperSays,
    note: _Note,
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Note the care of a device."""
    move = Maintain(device=device_id, keeper=keeper, note=note)
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def carry(
    *,
    device_id: _Device,
    to: Annotated[Path, typer.Option("--to", help="存储盘文件夹。", show_default=False)],
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Write a device's assignment onto a removable medium."""
    words.run(lambda: write_assignment(bureau, device_id, to, dry_run=dry_run), as_json=as_json)


def lost(
    *,
    context: typer.Context,
    device_id: _Device,
    note: _Note,
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Give a device up for lost."""
    _carry(context, bureau, Lose(device=device_id, note=note), dry_run=dry_run, as_json=as_json)


def revoke(
    *,
    context: typer.Context,
    device_id: _Device,
    bureau: words.BureauOption,
    reason: Annotated[str, typer.Option(help="原因，小写代码，例如 compromised。")],
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Revoke a device."""
    move = Revoke(device=device_id, reason=reason)
    _carry(context, bureau, move, dry_run=dry_run, as_json=as_json)


def retire(
    *,
    context: typer.Context,
    device_id: _Device,
    bureau: words.BureauOption,
    left: Annotated[
        str | None, typer.Option(help="无法交清时的说明（例如主板损坏），由负责人密钥签署。")
    ] = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Retire a device."""
    _carry(context, bureau, Retire(device=device_id, left=left), dry_run=dry_run, as_json=as_json)


def _permitted(named: list[str] | None) -> tuple[Permitted, ...]:
    """``O-2`` or ``O-2=2027-03-31``; whether that is a person and a day is judged by the move."""
    split = (one.partition("=") for one in named or ())
    return tuple(Permitted(id=who, until=day if equals else None) for who, equals, day in split)


def _carry(
    context: typer.Context, bureau: Path, move: Move, *, dry_run: bool, as_json: bool
) -> None:
    clock = words.clock(context)
    words.run(lambda: change(bureau, [move], clock=clock, dry_run=dry_run), as_json=as_json)
