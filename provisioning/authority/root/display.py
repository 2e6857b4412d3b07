"""What a person wants to see of the root.

Owns gathering it, for eyes and for machines. Refuses to open a key: where it lies is enough.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from provisioning.authority.keyring import KeyRole
from provisioning.authority.root.offline import here
from provisioning.bureau_folder import Bureau, open_bureau

_TITLES: Final = {KeyRole.CLERK: "经办人签名密钥", KeyRole.HEAD: "负责人签名密钥"}


def root_document(path: Path) -> dict[str, Any]:
    """The root in force.

    Raises:
        BureauError: The folder is no bureau.
        PendingError: A rotation was cut short.
    """
    bureau = open_bureau(path)
    root = bureau.root
    return {
        "version": root.version,
        "not_before": root.not_before,
        "expires": root.expires,
        "threshold": root.threshold,
        "keys": [
            {"role": str(role), "kid": kid, "place": bureau.keyring.place(role)}
            for role, kid in zip(_TITLES, root.keys, strict=True)
        ],
        "authority": _authority(bureau),
    }


def rows(document: dict[str, Any]) -> list[str]:
    """The same, line by line in Chinese."""
    signing = [
        f"{_TITLES[KeyRole(key['role'])]} {key['kid']}（{key['place']}）"
        for key in document["keys"]
    ]
    authority = document["authority"]
    if authority is None:
        return [*signing, "没有离线根密钥；运行 provision root rotate 可以建立"]
    offline = [
        f"离线根密钥 {key['number']} {key['kid']}（{'本机' if key['here'] else '已移出'}）"
        for key in authority["keys"]
    ]
    return [*signing, *offline, f"更换签名根须 {authority['threshold']} 把离线根密钥"]


def _authority(bureau: Bureau) -> dict[str, Any] | None:
    authority = bureau.root.authority
    if authority is None:
        return None
    keys = [
        {"number": number, "kid": kid, "here": bool(here(bureau.folder, number))}
        for number, kid in enumerate(authority.keys, start=1)
    ]
    return {"threshold": authority.threshold, "keys": keys}
