"""What is refused about a policy, by stable code.

Owns the refusals and their wording for clerks: the cause and the next step. Refuses recovery: a
refused command has changed nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.errors import PolicyError

_DIAGNOSES = {
    "policy_wrong": "办法草案不符合规定，请按下列各条修改（provision policy edit）",
    "no_draft": "没有办法草案，请先运行 provision policy new 或 provision policy edit",
    "draft_exists": "已有办法草案；确要重新起草请加 --again",
    "draft_stale": "草案起草后办法已有新版本，请重新起草：provision policy new --again",
    "draft_damaged": "办法草案文件已损坏，请重新起草：provision policy new --again",
    "unchanged": "草案与现行办法完全相同，无需签署",
    "unsigned": "签署不足：须经办人、负责人都签署后才能发布（provision policy sign）",
    "signed_other": "签署后草案又有改动，请经办人、负责人重新签署（provision policy sign）",
    "signer": "该密钥不在签名根文件中，不能签署办法",
    "too_large": "办法连同语音超过网络传送的上限；请用介质发放：加 --to 目录",
    "refused": "设备不会接受这份办法，未发布",
    "expired": "草案的有效期已过，请修改有效期：provision policy edit --until",
    "date": "日期应写作 2028-12-31，且晚于今天",
    "no_version": "没有这一版办法；可写版本号、now（现行）、draft（草案）、S0 至 S4 或文件",
    "voice_file": "语音文件无法读取：应为 WAV 或 FLAC，不超过 120 秒",
    "voice_length": "语音长度不合要求：去掉首尾静音后应为 2 至 60 秒",
    "voice_quiet": "语音太轻或没有声音，请重新录制",
    "voice_clipped": "语音过载失真，请重新录制",
    "voice_unheard": "语音在模拟现场中不能被完整听到，声学核对将无法通过，请重新录制",
    "voice_speech": "语音中没有听到人说话，请核对文件",
    "voice_text": "文字不符合要求：应为 UTF-8（NFC）、非空、不超过 500 字，且不含控制字符",
    "voice_lang": "语言标记不符合要求，例如 zh-CN、mn-CN、en",
    "voice_id": "编号不符合要求（小写字母、数字、- 和 _），或已用于另一段语音，请换一个编号",
    "voice_room": "告知语音最多 8 段",
}


class PolicyRefusedError(PolicyError):
    """Something about a policy that is refused."""

    code = "policy_wrong"
    wordings = _DIAGNOSES


class PolicyWrongError(PolicyRefusedError):
    """A draft that breaks the schema or a bound.

    Args:
        problems: What is wrong, in Chinese, one sentence each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = tuple(problems)

    def diagnosis(self) -> str:
        """Every problem on a line of its own."""
        return "\n".join([_DIAGNOSES[self.code] + "：", *(f"  · {one}" for one in self.problems)])
