"""The doctor's findings for people.

Owns the Chinese of every protection and its next step. Refuses to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.doctor.finding import State

STATES: Final[Mapping[State, str]] = {
    State.LIVE: "有效",
    State.ABSENT: "没有",
    State.BROKEN: "失效",
}

NAMES: Final[Mapping[str, str]] = {
    "swap": "内存内容不写入存储卡",
    "core_dumps": "程序出错时不留内存转储",
    "bounding": "任何服务都不能解锁、改写存储卡",
    "remote_login": "不能远程登录",
    "volatile_logs": "系统日志只在内存中",
    "read_only_root": "系统分区只读",
    "watchdog": "死机自动重启",
    "clock_battery": "断电后时钟继续走",
    "locker": "加锁进程",
    "locks": "记录文件已加锁",
    "keys": "密钥只有本进程可读",
    "users": "记录、证据库、对接各用一个用户",
    "reserve": "为正常结束预留空间",
}

STEPS: Final[Mapping[str, str]] = {
    "swap": "关闭存储卡上的交换分区：systemctl disable --now dphys-swapfile",
    "core_dumps": "装上系统配置：scripts/install-pi.sh",
    "bounding": "装上系统配置：scripts/install-pi.sh",
    "remote_login": "关闭远程登录：systemctl disable --now ssh",
    "volatile_logs": "装上系统配置：scripts/install-pi.sh",
    "read_only_root": "在 raspi-config 中打开 Overlay File System",
    "watchdog": "在 config.txt 中加入 dtparam=watchdog=on",
    "clock_battery": "安装 DS3231 时钟模块，见 docs/hardware.md",
    "locker": '启动加锁进程：systemctl start recorder-locker；配置 locks = "kernel"',
    "locks": "停止使用并报告；用 evidence verify 核验已有记录",
    "keys": "收紧权限：chmod 600",
    "users": "装上系统配置：scripts/install-pi.sh",
    "reserve": "放回底座移交，空间释放后自动补足",
}
