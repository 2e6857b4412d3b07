"""Founding a bureau: everything that has to exist before the first recorder is taken in.

Owns ``provision init``: keys, certificates, identities, root, the first rulebook, the broker's
configuration. Refuses to overwrite a key; a run that was cut short is simply run again.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from cryptography import x509

from evidence import keys
from evidence.store.durable import make_folder, replace_file
from evidence.store.signers import load_key_file
from provisioning.authority import broker, identities
from provisioning.authority import certificates as authority
from provisioning.authority.issuing import authority_of, authority_steps, file_key_step, leaf_steps
from provisioning.authority.keyring import Keyring, KeyRole
from provisioning.authority.root import documents
from provisioning.authority.root.passphrases import KEYS, Passphrases, given
from provisioning.authority.wishes import ANNOUNCE, LOOPBACK, Founding, resolve, settings_text
from provisioning.bureau_folder import (
    BureauSettings,
    UtcNs,
    exclusive,
    keyring_of,
    ledger_step,
    open_bureau,
)
from provisioning.errors import LedgerError
from provisioning.layout import BureauFolder
from provisioning.plan import (
    Report,
    Step,
    carry_out,
    content_step,
    folder_step,
    naming_the_disk,
)
from provisioning.policy import clips, rulebook

__all__ = ["ANNOUNCE", "Founding", "init_bureau"]


def init_bureau(path: Path, wish: Founding, *, clock: UtcNs, dry_run: bool = False) -> Report:
    """Found a bureau in ``path``; run again it changes nothing.

    Args:
        path: The bureau's folder; made if it is not there.
        wish: What the clerk says.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        BureauConflictError: The folder is a bureau founded with other values.
        SettingsError: A value is not usable.
        PassphrasesError: A passphrase is not usable.
        PassphraseError: A key that an earlier run made has another passphrase.
        PolicyError: A number is unknown or out of bounds.
        ClipError: There is no usable announcement.
        DiskError: The medium is full; run again, it goes on where it stopped.
        LedgerError: The ledger of a bureau with recorders is gone.
    """
    folder = BureauFolder(path.absolute())
    settings = resolve(folder, wish)
    rulebook.check_settable(wish.numbers)
    if not dry_run:
        # Asked before anything is made: a refused command has changed nothing.
        wish = replace(wish, root_passphrases=_asked(folder, wish))
        with naming_the_disk("单位文件夹"):
            make_folder(folder.path)
    _check_ledger(folder)
    with nullcontext() if dry_run else exclusive(folder):
        outcomes = carry_out(_steps(folder, settings, wish, clock()), dry_run=dry_run)
    return Report(outcomes=outcomes, facts={} if dry_run else _facts(folder))


def _check_ledger(folder: BureauFolder) -> None:
    """A bureau that has recorders has a ledger: none is begun anew in the place of a lost one."""
    begun = folder.ledger.exists() and folder.ledger.stat().st_size > 0
    if not begun and any(folder.registry.glob("*.json")):
        raise LedgerError(
            f"{folder.ledger} is gone, or was emptied; next: provision audit --bureau {folder.path}"
        )


def broker_configuration(folder: BureauFolder, settings: BureauSettings) -> Step:
    """Mosquitto's configuration fits the settings and the place of the folder."""
    configuration = broker.configuration(folder, bind=settings.bind, port=settings.port)
    return content_step("消息服务配置", folder.broker / "mosquitto.conf", configuration)


def _asked(folder: BureauFolder, wish: Founding) -> Passphrases | None:
    ask = wish.root_passphrases
    if ask is None or folder.root.exists():
        return ask
    return given([ask(number) for number in range(1, KEYS + 1)])


def _steps(
    folder: BureauFolder, settings: BureauSettings, wish: Founding, at_ns: int
) -> list[Step]:
    ring = keyring_of(folder, settings)
    return [
        content_step("单位配置 bureau.toml", folder.settings, settings_text(settings)),
        *authority_steps(folder, settings, ring, at_ns),
        *leaf_steps(folder, settings, ring, at_ns),
        *identities.steps(folder, at_ns=at_ns),
        *documents.first_steps(folder, ring, wish.root_passphrases, at_ns=at_ns),
        *_rulebook_steps(folder, settings, wish, ring, at_ns),
        *_broker_steps(folder, settings, ring, at_ns),
        folder_step("登记簿", folder.registry),
        ledger_step(folder, "founded", {"bureau": settings.bureau_id}, at_ns=at_ns),
        ledger_step(folder, "rulebook", {"version": 1}, at_ns=at_ns),
    ]


def _rulebook_steps(
    folder: BureauFolder, settings: BureauSettings, wish: Founding, ring: Keyring, at_ns: int
) -> list[Step]:
    def copy_clips() -> None:
        for source, clip in clips.read_clips(wish.announce).items():
            make_folder(folder.announce / clip.id)
            for name in clips.NAMES:
                replace_file(folder.announce / clip.id / name, (source / name).read_bytes())

    def make_rulebook() -> None:
        policy = rulebook.first_policy(
            settings.bureau_id,
            settings.name,
            announcements=list(clips.read_clips(folder.announce).values()),
            recipients=identities.recipients(folder),
            numbers=wish.numbers,
        )
        signers = [ring.signer(role) for role in (KeyRole.CLERK, KeyRole.HEAD)]
        version = rulebook.Version(number=1, policy=policy)
        rulebook.keep(folder, 1, rulebook.signed_rulebook(version, signers, at_ns=at_ns))

    # The clips that a rulebook names are the bureau's own from then on, whatever is shipped later.
    return [
        Step("告知语音", folder.rulebook.exists, copy_clips),
        Step("本单位办法第 1 版（双签名）", folder.rulebook.exists, make_rulebook),
    ]


def _broker_steps(
    folder: BureauFolder, settings: BureauSettings, ring: Keyring, at_ns: int
) -> list[Step]:
    key, certificate = folder.broker / "server.key.pem", folder.broker / "server.pem"
    hosts = sorted({"localhost", LOOPBACK, settings.host})

    def covers() -> bool:
        if not certificate.exists():
            return False
        server = x509.load_pem_x509_certificate(certificate.read_bytes())
        return authority.certificate_hosts(server) >= set(hosts)

    def issue() -> None:
        public_key = load_key_file(key).public_key()
        server = authority_of(folder, ring).issue(
            settings.host, public_key, authority.TLS_SERVER, at_ns=at_ns, hosts=hosts
        )
        replace_file(certificate, authority.pem(server))

    return [
        folder_step("消息服务数据目录", folder.broker / "state", mode=0o700),
        file_key_step("消息服务密钥", key),
        Step("消息服务证书", covers, issue),
        broker_configuration(folder, settings),
        content_step(
            "消息服务访问控制",
            folder.broker / "acl",
            broker.access_list(settings.desk),
            # Mosquitto warns about a list that others could read.
            mode=0o600,
        ),
    ]


def _facts(folder: BureauFolder) -> dict[str, str | int]:
    bureau = open_bureau(folder.path)
    ca_key = keys.public_key_of(bureau.ca)
    offline = bureau.root.authority
    return {
        "bureau_id": bureau.settings.bureau_id,
        "name": bureau.settings.name,
        "ca_kid": keys.thumbprint(keys.to_jwk(ca_key)),
        "rulebook_version": bureau.rulebook.version,
        "root_version": bureau.root.version,
        "offline_keys": f"{offline.threshold}/{len(offline.keys)}" if offline else "0",
        "broker": f"{bureau.settings.host}:{bureau.settings.port}",
    }
