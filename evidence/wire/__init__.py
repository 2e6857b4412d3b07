"""What recorder and bureau say to each other over MQTT 5.

Owns topics and messages: EMQX's File Transfer verbs (``init``, chunk, ``fin``) with the keys it
lacks, the device log, receipts, session plans and state; the topics of challenge and time, whose
payloads are signed words (``evidence.challenge``, ``evidence.bureau_time``). Refuses sockets and
decisions: a parsed message is well formed and bounded, nothing more. No acknowledgement here
permits a release; only ``evidence.receipt`` does.

``topics`` says where; ``from_device`` and ``to_device`` what each side says there, ``acks`` what a
recorder made of what the bureau signed; ``packets`` what every packet is bounded by.
"""

from __future__ import annotations

from evidence.wire.acks import (
    PlanAck,
    WordAck,
    decode_plan_ack,
    decode_word_ack,
    encode_plan_ack,
    encode_word_ack,
)
from evidence.wire.from_device import (
    DeviceState,
    FileMeta,
    LogBatch,
    decode_log,
    decode_meta,
    decode_state,
    encode_log,
    encode_meta,
    encode_state,
)
from evidence.wire.packets import CONTENT_TYPE, MAX_PACKET_BYTES
from evidence.wire.to_device import ReasonCode, Response, decode_response, encode_response
from evidence.wire.topics import (
    ROOT,
    AnswerTopic,
    ChunkTopic,
    DeviceTopic,
    FinTopic,
    InitTopic,
    LogTopic,
    PlanAckTopic,
    PolicyAckTopic,
    ReceiptAckTopic,
    RosterAckTopic,
    StateTopic,
    Topics,
    UpdateWishTopic,
    parse_topic,
)

__all__ = [
    "CONTENT_TYPE",
    "MAX_PACKET_BYTES",
    "ROOT",
    "AnswerTopic",
    "ChunkTopic",
    "DeviceState",
    "DeviceTopic",
    "FileMeta",
    "FinTopic",
    "InitTopic",
    "LogBatch",
    "LogTopic",
    "PlanAck",
    "PlanAckTopic",
    "PolicyAckTopic",
    "ReasonCode",
    "ReceiptAckTopic",
    "Response",
    "RosterAckTopic",
    "StateTopic",
    "Topics",
    "UpdateWishTopic",
    "WordAck",
    "decode_log",
    "decode_meta",
    "decode_plan_ack",
    "decode_response",
    "decode_state",
    "decode_word_ack",
    "encode_log",
    "encode_meta",
    "encode_plan_ack",
    "encode_response",
    "encode_state",
    "encode_word_ack",
    "parse_topic",
]
