"""The receiving desk of a bureau (统计局采集工作站).

A recorder on its cradle pushes its log, then its journals, then the sealed files. The desk
believes neither the network nor the broker nor another device: every line is checked against the
bureau's own CA, every chunk against the digest that a verified line names, and only what the disk
has confirmed is acknowledged. A session that is whole and verified is archived write-once and
answered by a signed receipt, without which a recorder frees nothing. What does not verify is kept
in quarantine with its reason; nothing is ever discarded. Clerks look sessions up in the ledger and
open them with a reason, which is itself recorded.
"""
