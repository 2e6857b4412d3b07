"""The commands for the bureau's people (人员名册).

Owns words and options. Refuses work. Names stand in the bureau's ledger alone; devices know ids.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evidence.errors import EvidenceError
from provisioning.bureau_folder import open_bureau
from provisioning.cli import words
from provisioning.custody.days import day_of
from provisioning.custody.lines import Role
from provisioning.custody.moves.leaving import Leave
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.register import change, open_register
from provisioning.errors import ProvisioningError

ROLES = {
    Role.OFFICER: "执法人员",
    Role.KEEPER: "保管维护人",
    Role.LEADER: "负责人",
    Role.HEAD: "主要负责人",
}


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    group = typer.Typer(
        no_args_is_help=True,
        help="人员名册：使用人、保管维护人、负责人、主要负责人。姓名只存在本单位台账中。",
    )
    group.command("add", help=_ADD)(add)
    group.command("list", help="列出名册。")(list_)
    group.command("leave", help=_LEAVE)(leave)
    app.add_typer(group, name="person")


_ADD = (
    "登记一人。再次运行不作改动；内容有变、离任后复职须加 --update，旧内容仍留在台账中。\n\n"
    "例：provision person add O-1 --name 张三 --certificate 豫10003 --department 执法队"
    " --role officer --training-until 2027-06-30 --bureau ./bureau"
)


_LEAVE = (
    "离任、调离：此人不能再被批准、配发或列入使用名单。其使用的设备一律不得再开始记录，"
    "各设备的使用名单一律除名；设备下次对接后生效。\n\n"
    "他的设备收回后（provision return）可改配他人。\n\n"
    "例：provision person leave O-1 --note 调往统计局 --bureau ./bureau"
)


def add(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    person_id: Annotated[
        str,
        typer.Argument(help="人员编号：字母、数字、- 和 _。", metavar="PERSON", show_default=False),
    ],
    name: Annotated[str, typer.Option(help="姓名，与执法证一致。", show_default=False)],
    department: Annotated[str, typer.Option(help="部门。", show_default=False)],
    role: Annotated[
        Role,
        typer.Option(
            help="officer 执法人员、keeper 保管维护人、leader 负责人、head 主要负责人。",
            show_default=False,
        ),
    ],
    bureau: words.BureauOption,
    certificate: Annotated[
        str | None, typer.Option(help="执法证号；没有的不能作为使用人。")
    ] = None,
    training_until: Annotated[
        str | None, typer.Option(help="培训有效期至，例如 2027-06-30。")
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="更新已登记的内容。")] = False,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Put somebody on the list."""
    move = AddPerson(
        id=person_id,
        name=name,
        certificate=certificate,
        department=department,
        role=role,
        training_until=training_until,
        update=update,
    )
    clock = words.clock(context)
    words.run(lambda: change(bureau, [move], clock=clock, dry_run=dry_run), as_json=as_json)


def leave(
    *,
    context: typer.Context,
    person_id: Annotated[
        str, typer.Argument(help="人员编号。", metavar="PERSON", show_default=False)
    ],
    note: Annotated[str, typer.Option(help="情况说明。", show_default=False)],
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Say that somebody left."""
    move, clock = Leave(id=person_id, note=note), words.clock(context)
    words.run(lambda: change(bureau, [move], clock=clock, dry_run=dry_run), as_json=as_json)


def list_(
    *, context: typer.Context, bureau: words.BureauOption, as_json: words.AsJson = False
) -> None:
    """List everybody."""
    try:
        state = open_register(open_bureau(bureau), at_ns=words.clock(context)()).state
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)
    people = [state.people[name] for name in sorted(state.people)]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in people], ensure_ascii=False))
        return
    table = Table("编号", "姓名", "执法证号", "部门", "职务", "培训有效期至", "离任")
    for one in people:
        said = (one.id, one.name, one.certificate, one.department, ROLES[one.role])
        gone = None if one.left is None else day_of(one.left)
        table.add_row(*(escape(text or "—") for text in (*said, one.training_until, gone)))
    Console().print(table)
