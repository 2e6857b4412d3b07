"""The commands about the bureau's rulebook (本单位办法).

Owns words and options. Refuses work: ``provisioning.policy`` does it, ``policy_views`` prints it.
"""

from __future__ import annotations

from enum import StrEnum, unique
from pathlib import Path
from typing import Annotated

import typer

from evidence.errors import EvidenceError
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import open_bureau
from provisioning.cli import policy_views, words
from provisioning.errors import ProvisioningError
from provisioning.plan import Report
from provisioning.policy import draft, naming, publishing
from provisioning.policy import files as policy_files

policy_app = typer.Typer(
    no_args_is_help=True,
    help=(
        "本单位办法：起草、核对、双签名、发布。\n\n"
        "顺序：new 或 edit 起草 → check 核对 → sign --as clerk、sign --as head 分别签署 → "
        "publish 发布。采集工作站随后送达各设备，设备在两次记录之间采用；"
        "show --devices 查看谁已采用。"
    ),
)


@unique
class Signatory(StrEnum):
    """Who signs."""

    CLERK = "clerk"
    HEAD = "head"


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.add_typer(policy_app, name="policy")


@policy_app.command(
    help=(
        "起草办法。--from 可写 S0 至 S4（五份办法文本）或文件（TOML、JSON）；"
        "不写则从现行办法起草。单位名称、加密接收方和告知语音沿用现行办法。\n\n"
        "例：provision policy new --from S1 --bureau ./bureau"
    ),
)
def new(
    *,
    bureau: words.BureauOption,
    source: Annotated[
        str | None,
        typer.Option("--from", help="S0 至 S4，或办法文件。", metavar="S0…S4|FILE"),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="放弃已有草案，重新起草。")] = False,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Begin a draft."""

    def work() -> Report:
        stated = None if source is None else naming.stated(source)
        return draft.new_draft(bureau, stated, again=again, dry_run=dry_run)

    words.run(work, as_json=as_json)


@policy_app.command(
    help=(
        "修改草案：项目=值，可写多项；也可写文件（TOML、JSON），逐项列出要改的。"
        "没有草案时从现行办法起草。每一项立即核对，不符合规定的不写入。\n\n"
        "例：provision policy edit officers.min=2 arrival.statement=fields --bureau ./bureau"
    ),
)
def edit(
    *,
    context: typer.Context,
    bureau: words.BureauOption,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            help="例如 release.keep_days=0；列表用 JSON 书写；或文件名。",
            metavar="[KEY=VALUE|FILE]…",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="有效期最后一日，例如 2028-12-31；不写为首次签署后三年。", metavar="DAY"),
    ] = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Change the draft."""

    def work() -> Report:
        wanted = policy_files.read_all(changes or [])
        clock = words.clock(context)
        return draft.edit_draft(bureau, wanted, until=until, clock=clock, dry_run=dry_run)

    words.run(work, as_json=as_json)


@policy_app.command(
    help=(
        "核对草案：格式、法定界限、项目之间是否矛盾、告知语音是否齐全，并列出与现行办法的不同。"
        "有问题时以非零退出。\n\n例：provision policy check --bureau ./bureau"
    ),
)
def check(
    *, context: typer.Context, bureau: words.BureauOption, as_json: words.AsJson = False
) -> None:
    """Check the draft."""
    try:
        review = policy_views.review(open_bureau(bureau), words.clock(context)())
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)
    policy_views.print_review(review, as_json=as_json)
    if review.problems:
        raise typer.Exit(1)


@policy_app.command(
    help=(
        "签署办法草案：经办人（clerk）、负责人（head）各用自己的密钥签署一次，两次缺一不可。"
        "签署后草案再有改动，须重新签署。\n\n"
        "例：provision policy sign --as clerk --bureau ./bureau"
    ),
)
def sign(
    *,
    context: typer.Context,
    bureau: words.BureauOption,
    role: Annotated[Signatory, typer.Option("--as", help="签署人：clerk 经办人，head 负责人。")],
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Sign the draft."""
    clock = words.clock(context)
    words.run(
        lambda: publishing.sign_draft(bureau, KeyRole(role.value), clock=clock, dry_run=dry_run),
        as_json=as_json,
    )


@policy_app.command(
    help=(
        "发布已双签名的草案：成为现行办法，记入台账，由采集工作站送达各设备。"
        "发布前按设备的规则再核验一遍。旧版本全部保留，版本只增不减。\n\n"
        "--to 另写一份到存储盘，设备上用 recorder words --from 装入。\n\n"
        "例：provision policy publish --bureau ./bureau --to /media/usb"
    ),
)
def publish(
    *,
    context: typer.Context,
    bureau: words.BureauOption,
    to: Annotated[
        Path | None, typer.Option(help="存储盘文件夹。", metavar="DIR", show_default=False)
    ] = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Put the signed draft into force."""
    clock = words.clock(context)
    words.run(
        lambda: publishing.publish(bureau, to=to, clock=clock, dry_run=dry_run), as_json=as_json
    )


@policy_app.command(
    help=(
        "显示现行办法：版本、有效期、各项内容，未写明的注明默认。签名先经核验。\n\n"
        "--devices 列出每台设备采用的版本；--draft 显示草案。"
    ),
)
def show(
    *,
    context: typer.Context,
    bureau: words.BureauOption,
    devices: Annotated[bool, typer.Option("--devices", help="列出各设备采用的版本。")] = False,
    of_draft: Annotated[bool, typer.Option("--draft", help="显示草案。")] = False,
    as_json: words.AsJson = False,
) -> None:
    """Show the rulebook in force, the draft, or who has which version."""
    now_ns = words.clock(context)()
    try:
        opened = open_bureau(bureau)
        if devices:
            policy_views.print_devices(opened, as_json=as_json)
        elif of_draft:
            policy_views.print_draft(opened, as_json=as_json)
        else:
            policy_views.print_rulebook(opened, now_ns, as_json=as_json)
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)


@policy_app.command(
    help=(
        "比较两版办法。A、B 可写版本号、now（现行）、draft（草案）、S0 至 S4 或文件。\n\n"
        "例：provision policy diff now draft --bureau ./bureau"
    ),
)
def diff(
    *,
    bureau: words.BureauOption,
    old: Annotated[str, typer.Argument(metavar="A", help="旧的一版。")] = "now",
    new_one: Annotated[str, typer.Argument(metavar="B", help="新的一版。")] = "draft",
    as_json: words.AsJson = False,
) -> None:
    """Show in what two policies differ."""
    try:
        opened = open_bureau(bureau)
        pair = [naming.policy_of(opened, name) for name in (old, new_one)]
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)
    policy_views.print_changes(pair[0], pair[1], as_json=as_json)


@policy_app.command(
    "voice",
    help=(
        "导入本单位录制的告知语音（WAV 或 FLAC）：去静音、调音量、核对文字和语言，"
        "再放入模拟现场试听，声学核对听不完整的不予导入。写入草案，随办法双签名发布。\n\n"
        "编号须为新编号：一个编号只对应一段语音。同一语言的旧语音由新语音代替。\n\n"
        "例：provision policy voice ./notice.wav --text ./notice.txt --lang zh-CN --id zh-2026 "
        "--bureau ./bureau"
    ),
)
def import_voice(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    bureau: words.BureauOption,
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="WAV 或 FLAC。")],
    text: Annotated[Path, typer.Option("--text", help="语音所说的文字（UTF-8 文本）。")],
    lang: Annotated[str, typer.Option("--lang", help="语言标记，例如 zh-CN、mn-CN。")],
    clip_id: Annotated[str, typer.Option("--id", help="编号，例如 zh-2026。")],
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Import an announcement's voice."""
    # Late: it brings what decodes and hears sound, which no other command needs to start.
    from provisioning.policy import voice  # noqa: PLC0415 - see above

    def work() -> Report:
        said = voice.read_text(text)
        return voice.import_voice(
            bureau, recording, said, lang=lang, clip_id=clip_id, dry_run=dry_run
        )

    words.run(work, as_json=as_json)


@policy_app.command(help="列出办法的全部项目：含义、取值范围、默认值、依据。")
def keys(*, as_json: words.AsJson = False) -> None:
    """List every key of a rulebook."""
    policy_views.print_keys(as_json=as_json)
