"""What the field test says, in Chinese.

Owns every wording: steps, tasks, questions, causes with their next step, measures. Refuses facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.field_test.outcome import Measure, Outcome, State

STATES: Final[Mapping[State, str]] = {
    State.PASSED: "通过",
    State.FAILED: "未通过",
    State.SKIPPED: "未做",
}

STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "parts": ("部件标识", "主板、存储卡、摄像头、麦克风齐全，且与登记的一致"),
    "machine": ("主机状态", "静置时的温度和供电；启动程序是否只接受签名系统"),
    "boot": ("启动时间", "从内核启动到证据库可用的时间"),
    "watchdog": ("看门狗", "硬件看门狗存在并已启用"),
    "case": ("机壳", "机壳开关报告机壳已合上"),
    "button_record": ("录制键", "按下、按住、松开均被感知，抖动次数"),
    "button_mark": ("标记键", "按下、按住、松开均被感知，抖动次数"),
    "button_photo": ("拍照键", "按下、按住、松开均被感知，抖动次数"),
    "lamp": ("状态灯", "各种显示均回读一致，红、绿、蓝三色由检测人看到"),
    "light": ("摄像灯", "摄像头通电则亮，断电则灭，没有别的开关"),
    "picture": ("画面", "有图像、清晰、不丢帧、间隔均匀"),
    "microphone": ("麦克风", "安静时有本底噪声，说话时明显变大"),
    "announcement": ("告知", "规定用语完整播出，并被本机麦克风听到"),
    "together": ("声画同步", "同一瞬间的闪光和响声在记录中的时间差"),
    "battery": ("电池", "电量计有应答，且与电池电压相符"),
    "clock": ("时钟", "时间正确、来源可信、时钟芯片走时"),
    "key": ("签名密钥", "密钥能签名，且与证书一致"),
    "medium": ("存储卡", "写入的内容确实保存在卡上"),
    "dock": ("底座", "放上、拿离均被感知，放上即充电"),
    "session": ("正式记录", "按键即记录、告知、写入存储卡"),
    "soak": ("长时间记录", "温度、供电、内存、处理器、丢帧"),
    "push": ("移交", "记录移交采集工作站并取回签名回执"),
    "power_cut": ("断电", "已确认写入的内容在断电后仍在"),
}
"""Step → its name, and what it proves."""

TASKS: Final[Mapping[str, str]] = {
    "press.record": "请按一下录制键，随即松开。",
    "press.mark": "请按一下标记键，随即松开。",
    "press.photo": "请按一下拍照键，随即松开。",
    "hold.record": "请按住录制键两秒，再松开。",
    "hold.mark": "请按住标记键两秒，再松开。",
    "hold.photo": "请按住拍照键两秒，再松开。",
    "speak": "请在记录仪前正常说话，直到提示停止。",
    "hush": "可以停止说话了。",
    "clap.begin": "请在镜头前同时发出闪光和响声，每秒一次（场记板，或打开 flash.html 的手机）。",
    "clap.end": "可以停止了。",
    "dock": "请把记录仪放上底座。",
    "undock": "请把记录仪拿离底座。",
    "session.begin": "请按一下录制键，开始一次正式记录，并听完告知。",
    "session.end": "请按住录制键三秒，听到提示后再按一下，结束记录。",
    "pull_power": (
        "请立即断开电源（拔下电池和充电线）。重新开机后运行：recorder field-test --resume"
    ),
}
"""What the tester is to do with the hands."""

QUESTIONS: Final[Mapping[str, str]] = {
    "lamp.red": "状态灯是红色吗？",
    "lamp.green": "状态灯是绿色吗？",
    "lamp.blue": "状态灯是蓝色吗？",
    "light.on": "摄像头旁的白灯亮着吗？",
    "light.off": "摄像头已断电，白灯灭了吗？",
    "announcement": "告知是否听得清楚、完整？",
    "clock": "这个时间正确吗？",
    "bureau": "是否已连好采集工作站的底座？（没有则跳过移交）",
    "power_cut": "现在做断电检测吗？（须能断开全部电源）",
}
"""What the tester is asked."""

_ANY: Final = ""
_REPAIR: Final = "停止使用，送修"
_AGAIN: Final = "重新进行本项：recorder field-test --only"

CAUSES: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    # any step
    (_ANY, "fault"): ("部件报告故障", _REPAIR),
    (_ANY, "died"): ("被测程序停止运行", "查看系统日志，重新检测"),
    (_ANY, "failed"): ("部件没有应答", "检查接线，仍不行则送修"),
    (_ANY, "hung"): ("部件长时间不应答", "检查接线，仍不行则送修"),
    (_ANY, "unchecked"): ("没有等到使用前检查的结果", "确认证据库在运行，重新检测"),
    (_ANY, "refused"): ("记录被拒绝", "运行 recorder status，按提示处理"),
    (_ANY, "unfelt"): ("没有感知到动作", "检查接线和按压位置，仍不行则送修"),
    (_ANY, "stuck"): ("卡住，一直处于接通状态", "检查是否有异物，仍不行则送修"),
    (_ANY, "dark"): ("不亮", "检查灯和接线"),
    (_ANY, "unclosed"): ("记录没有关闭", "查看系统日志，停止使用并报告"),
    (_ANY, "ended"): ("记录提前结束", "查看报告中的原因，停止使用并报告"),
    (_ANY, "unkept"): ("录音录像没有写入存储卡", "更换存储卡后重新登记"),
    (_ANY, "drops"): ("丢帧过多", "检查摄像头排线和供电"),
    (_ANY, "hot"): ("温度过高", "改善散热"),
    (_ANY, "throttled"): ("供电不足或已降频", "更换电源、电池或电缆"),
    # one step
    ("parts", "missing"): ("缺少部件", "检查排线和插座"),
    ("parts", "swapped"): ("部件与登记的不一致，或本机已停用", "交保管维护人，由单位核实后解除"),
    ("boot", "slow"): ("启动过慢", "更换存储卡，关闭不需要的服务"),
    ("watchdog", "absent"): ("没有看门狗", "在 config.txt 中加入 dtparam=watchdog=on"),
    ("watchdog", "unarmed"): ("看门狗没有启用", "安装系统配置 10-watchdog.conf"),
    ("case", "open"): ("机壳未合上", "合上机壳；交保管维护人，由单位核实后解除"),
    ("button_record", "short"): ("按住的时间太短", "再做一次，按住两秒"),
    ("button_mark", "short"): ("按住的时间太短", "再做一次，按住两秒"),
    ("button_photo", "short"): ("按住的时间太短", "再做一次，按住两秒"),
    ("lamp", "stuck"): ("显示与指令不一致", "检查灯的驱动电路"),
    ("lamp", "unseen"): ("检测人没有看到应有的颜色", "检查灯珠和导光"),
    ("light", "stuck"): ("摄像头断电后白灯仍亮", "检查白灯是否接在摄像头电源上"),
    ("picture", "black"): ("画面全黑", "揭去镜头盖，检查排线"),
    ("picture", "frozen"): ("画面不动", "检查摄像头，仍不行则送修"),
    ("picture", "dim"): ("画面过暗", "在有光的地方重新检测"),
    ("picture", "blurred"): ("画面模糊", "擦净镜头，检查对焦"),
    ("picture", "silent"): ("没有收到图像", "检查摄像头排线"),
    ("picture", "jitter"): ("帧间隔不均匀", "检查供电和温度"),
    ("microphone", "silent"): ("麦克风没有数据", "检查麦克风接线"),
    ("microphone", "dead"): ("麦克风没有任何声音", "检查麦克风接线，仍不行则送修"),
    ("microphone", "faint"): ("麦克风声音过小", "检查收音孔是否被遮住"),
    ("microphone", "deaf"): ("说话时声音没有变大", "检查收音孔，靠近再试一次"),
    ("announcement", "unplayed"): ("告知没有播完", "检查扬声器接线"),
    ("announcement", "unheard"): ("告知没有被麦克风听到", "检查扬声器和麦克风"),
    ("announcement", "partly"): ("告知只听到一部分", "检查扬声器出声孔"),
    ("announcement", "unclear"): ("检测人听不清", "检查扬声器和音量"),
    ("together", "unseen"): ("没有看到闪光", "靠近镜头，在较暗处再做一次"),
    ("together", "unheard"): ("没有听到响声", "加大响声再做一次"),
    ("together", "apart"): ("声画相差超过 0.1 秒", "换用场记板再做一次，仍超过则送修"),
    ("battery", "implausible"): ("电量与电池电压不符", "充满后再测，仍不符则更换电池"),
    ("battery", "low"): ("电量不足", "充电后重新检测"),
    ("clock", "behind"): ("时间早于已签署的记录", "放上底座校时，检查时钟电池"),
    ("clock", "unsure"): ("时间没有可信来源", "放上底座校时"),
    ("clock", "wide"): ("时间误差过大", "放上底座校时"),
    ("clock", "no_rtc"): ("没有时钟芯片", "安装 DS3231，见 docs/hardware.md"),
    ("clock", "rtc_apart"): ("时钟芯片与系统时间不一致", "校时后断电再测，仍不一致则更换时钟电池"),
    ("clock", "wrong"): ("检测人认为时间不对", "放上底座校时"),
    ("key", "wrong"): ("签名与证书不符", _REPAIR),
    ("key", "slow"): ("签名过慢", "检查密钥芯片"),
    ("medium", "differs"): ("存储卡没有保存写入的内容", "更换存储卡"),
    ("medium", "slow"): ("存储卡过慢", "更换存储卡"),
    ("dock", "no_charge"): ("放上底座后不充电", "检查底座触点和电源"),
    ("session", "unannounced"): ("告知没有结束", "查看系统日志"),
    ("session", "unverified"): ("告知未被核实", "检查扬声器和麦克风"),
    ("session", "no_picture"): ("记录中没有图像", "检查摄像头"),
    ("soak", "unannounced"): ("告知没有结束", "查看系统日志"),
    ("soak", "no_picture"): ("记录中没有图像", "检查摄像头"),
    ("soak", "goes_on"): ("记录没有结束", "检查录制键，再做一次"),
    ("soak", "memory"): ("可用内存不足", "关闭不需要的服务"),
    ("push", "no_receipt"): ("没有等到回执", "检查底座网络和采集工作站"),
    ("power_cut", "unannounced"): ("告知没有结束", "查看系统日志"),
    ("power_cut", "no_picture"): ("记录中没有图像", "检查摄像头"),
    ("power_cut", "goes_on"): ("记录没有结束", "检查录制键"),
    ("power_cut", "not_pulled"): ("没有断电", "重新进行本项，听到提示立即断电"),
    ("power_cut", "no_cut"): ("没有重新开机", "断电后再运行 --resume"),
    ("power_cut", "early"): ("断电过早，尚未写入内容", "重新进行本项"),
    ("power_cut", "lost"): ("已确认的内容丢失", "更换存储卡，停止使用并报告"),
    # not made
    (_ANY, "not_asked"): ("本次没有要求", _AGAIN),
    ("push", "no_bureau"): ("没有采集工作站", "连好底座后再做"),
    ("push", "no_session"): ("本次检测没有可移交的记录", "同时进行 session 和 soak"),
    ("power_cut", "declined"): ("检测人没有断电", "条件具备时再做"),
}
"""Step (empty: any) and cause → what is wrong, and what to do next."""

MEASURES: Final[Mapping[str, str]] = {
    "board": "主板",
    "card": "存储卡",
    "camera": "摄像头",
    "microphone": "麦克风",
    "kernel": "内核",
    "milli_celsius": "温度（毫摄氏度）",
    "throttled": "供电与降频标志",
    "boots_signed_only": "只启动签名系统",
    "locks": "文件锁",
    "vault_started_ms": "证据库启动（毫秒）",
    "identity": "型号",
    "state": "状态",
    "timeout_s": "超时（秒）",
    "press_ms": "按下（毫秒）",
    "hold_ms": "按住（毫秒）",
    "bounces": "抖动（次）",
    "patterns": "显示（种）",
    "luma": "亮度",
    "sharpness": "清晰度",
    "frames": "帧数",
    "lost": "丢帧",
    "jitter_p95_us": "间隔偏差 95%（微秒）",
    "quiet_mdb": "安静（毫分贝）",
    "voice_mdb": "说话（毫分贝）",
    "score_milli": "识别得分（千分）",
    "heard_permille": "听到（千分）",
    "level_mdb": "响度（毫分贝）",
    "attempts": "播放（次）",
    "delay_us": "延迟（微秒）",
    "underruns": "断续（次）",
    "flashes": "闪光（次）",
    "beeps": "响声（次）",
    "pairs": "成对（次）",
    "offset_us": "声晚于画（微秒）",
    "spread_us": "离散（微秒）",
    "percent": "电量（%）",
    "millivolts": "电压（毫伏）",
    "charging": "充电",
    "minutes": "可记录（分钟）",
    "source": "时间来源",
    "error_ms": "误差上限（毫秒）",
    "rtc_apart_s": "芯片与系统相差（秒）",
    "milliseconds": "用时（毫秒）",
    "session": "记录编号",
    "first_frame_ms": "按键到首帧（毫秒）",
    "records": "签名记录（条）",
    "minutes_milli": "时长（千分之一分钟）",
    "cpu_percent": "处理器（%）",
    "hottest_milli_celsius": "最高温度（毫摄氏度）",
    "least_available_kib": "最少可用内存（KiB）",
    "media_ms": "录音录像（毫秒）",
    "segments": "片段",
    "took_ms": "用时（毫秒）",
    "acknowledged": "断电前已确认（条）",
    "orphans": "断开的片段",
    "reason": "关闭原因",
}
"""Measure → its name and unit."""


def cause(step: str, outcome: Outcome) -> tuple[str, str]:
    """What is wrong, and what to do next; empty where the step passed."""
    if outcome.cause is None:
        return "", ""
    usual = CAUSES.get((_ANY, outcome.cause), (outcome.cause, _REPAIR))
    told, after = CAUSES.get((step, outcome.cause), usual)
    return told, f"{after} {step}" if after == _AGAIN else after


def measures(outcome: Outcome) -> list[tuple[str, str]]:
    """Measures by their names."""
    return [(MEASURES.get(name, name), _shown(one)) for name, one in outcome.measures.items()]


def _shown(measure: Measure) -> str:
    if isinstance(measure, bool):
        return "是" if measure else "否"
    return str(measure)
