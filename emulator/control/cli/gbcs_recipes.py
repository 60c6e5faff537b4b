"""What `althan gbcs build` can build: every use case, its protection, and the options that make its payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64
from emulator.gbcs import dlms
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.header import Cra
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import (
    ccs01,
    ccs02,
    ccs03,
    ccs05,
    ccs07,
    ccs08,
    cs02a,
    cs02b,
    cs02c,
    cs02d,
    cs02e,
    cs03,
    cs04,
    cs06,
    cs07,
    cs08,
    cs09,
    cs14,
    firmware_receipt,
    generic_alert,
)
from emulator.gbcs.use_cases.cells import Certificate, TrustAnchorCell
from emulator.gbcs.use_cases.chf_device_log import Backup, HanDeviceType, HashedKey
from emulator.gbcs.use_cases.cs02b_modes import MODES, Mode
from emulator.gbcs.use_cases.payload import Payload
from emulator.gbcs.use_cases.plain import CODE_MAXIMUM

BROKER, SUPPLIER = RemotePartyRole.ACCESS_CONTROL_BROKER, RemotePartyRole.SUPPLIER


class Options:
    """The options of one use case, read once and checked; BadInput names the one that is missing."""

    def __init__(self, values: Mapping[str, Any], counter: int, now: datetime) -> None:
        self._values = values
        self.counter = counter
        self._now = now

    def need(self, name: str) -> Any:  # noqa: ANN401 - each option has values of its own
        """An option that must be given."""
        value = self._values.get(name)
        if value is None:
            raise BadInput("is missing", where=f"--{name}", allowed="this use case needs it")
        return value

    def get(self, name: str) -> Any:  # noqa: ANN401 - as above
        """An option that may be given."""
        return self._values.get(name)

    def date(self) -> datetime:
        """The date of an event: the one given, else now."""
        when = self._values.get("when")
        return self._now if when is None else when

    @property
    def invoke_id(self) -> int:
        """The long-invoke-id that goes with the Originator Counter."""
        return dlms.long_invoke_id(self.counter)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a use case is built.

    Attributes:
        message_code: 16 bits.
        cra: Command or Alert.
        shape: how it is protected, the letter of `emulator.gbcs.message`.
        party: the organisation at its other end: a Command's originator, an Alert's recipient.
        payload: makes the payload.
        options: those that it takes.
        for_user: whether the party speaks for a user, who stands in the supplementary fields.
        between_devices: whether its originator is a device as well, and the MAC between the two.
        signed_by_root: whether the root signs instead of the originator.
    """

    message_code: int
    cra: Cra
    shape: str
    party: RemotePartyRole
    payload: Callable[[Options], Payload]
    options: tuple[str, ...] = ()
    for_user: bool = False
    between_devices: bool = False
    signed_by_root: bool = False


def command(
    code: int, shape: str, payload: Callable[[Options], Payload], *options: str, party: RemotePartyRole = BROKER
) -> Recipe:
    """A Command; the Access Control Broker sends it for a user, any other party for itself."""
    return Recipe(code, Cra.COMMAND, shape, party, payload, options, for_user=party is BROKER)


def alert(
    code: int, shape: str, payload: Callable[[Options], Payload], *options: str, party: RemotePartyRole = BROKER
) -> Recipe:
    """An Alert."""
    return Recipe(code, Cra.ALERT, shape, party, payload, options)


def _credential_details(options: Options) -> Payload:
    return cs02a.Command(TrustAnchorCell(BROKER, KeyUsage.KEY_AGREEMENT), tuple(options.need("role")))


def _join(method: cs03.Method) -> Callable[[Options], Payload]:
    def payload(options: Options) -> Payload:
        certificate: Certificate | None = (options.get("certificate") or [None])[0]
        kind = _code(cs03.GbcsDeviceType, options.get("type") or "ppmid", "--type")
        return cs03.Command(method, options.need("other"), kind, certificate)

    return payload


def _code(codes: type[IntEnum], text: str, option: str) -> int:
    """A code by name or number."""
    name = text.upper().replace("-", "_")
    if name in codes.__members__:
        return int(codes[name])
    if text.isdecimal() and int(text) <= CODE_MAXIMUM:
        return int(text)
    names = ", ".join(one.lower().replace("_", "-") for one in codes.__members__)
    raise BadInput(f"{text!r} is none", where=option, allowed=names)


def _firmware(options: Options) -> Payload:
    return cs06.Command(options.need("hash"), options.counter, options.get("when"))


def _firmware_outcome(options: Options) -> Payload:
    code = _code(cs06.ResponseCode, options.get("result") or "success", "--result")
    alert_code = 0x8F67 if code else 0x8F66
    outcome = cs06.ExecutionOutcome(code, options.need("version"))
    return cs06.Alert(alert_code, options.date(), options.need("command-counter"), outcome)


def _add_device(options: Options) -> Payload:
    kind = _code(HanDeviceType, options.get("type") or "ppmid", "--type")
    timeout = options.get("join-timeout")
    return ccs01.Command(
        options.invoke_id,
        options.need("other"),
        options.need("install-code"),
        kind,
        3_600 if timeout is None else timeout,
    )


def _devices(options: Options) -> tuple[HashedKey, ...]:
    return tuple(options.get("entry") or ())


def _log_changed(options: Options) -> Payload:
    backup = Backup(dlms.date_time(options.date()), options.need("pan"), _devices(options))
    return cs14.Alert(options.invoke_id, dlms.date_time(options.date()), backup)


def _activation(options: Options) -> Payload:
    result = _code(cs09.Result, options.get("result") or "success", "--result")
    return cs09.Alert(options.date(), options.need("version"), result)


def _transfer(options: Options) -> Payload:
    code = ccs08.ResponseCode(_code(ccs08.ResponseCode, options.get("result") or "success", "--result"))
    return ccs08.Alert.of(options.date(), options.need("other"), options.need("version"), code)


def _receipt_alert_code(options: Options) -> int:
    code = options.get("alert-code")
    return firmware_receipt.VERIFIED if code is None else int(code)


def _esme_receipt(options: Options) -> Payload:
    date = dlms.date_time(options.date())
    return firmware_receipt.EsmeAlert(options.invoke_id, _receipt_alert_code(options), date, options.need("hash"))


def _gsme_receipt(options: Options) -> Payload:
    return firmware_receipt.GsmeAlert.of(_receipt_alert_code(options), options.date(), options.need("hash"))


def _generic(options: Options) -> Payload:
    return generic_alert.Alert.of(options.need("alert-code"), options.date())


@dataclass(frozen=True, slots=True)
class Raw:
    """A payload that is passed on as it is."""

    octets: bytes

    @classmethod
    def decode(cls, octets: bytes) -> Raw:
        """Anything."""
        return cls(octets)

    def encode(self) -> bytes:
        """The same."""
        return self.octets

    def fields(self) -> dict[str, Any]:
        """The octets."""
        return {"raw": self.octets.hex()}


def _raw(options: Options) -> Payload:
    return Raw(options.need("payload"))


def _other(make: Callable[[int, Eui64], Payload]) -> Callable[[Options], Payload]:
    return lambda options: make(options.invoke_id, options.need("other"))


RECIPES: Mapping[str, Recipe] = {
    "ccs01": command(ccs01.MESSAGE_CODE, "b", _add_device, "other", "install-code", "type", "join-timeout"),
    "ccs02": command(ccs02.MESSAGE_CODE, "b", _other(ccs02.Command), "other"),
    "ccs03": command(
        ccs03.MESSAGE_CODE,
        "b",
        lambda options: ccs03.Command(options.invoke_id, options.need("pan"), _devices(options)),
        "pan",
        "entry",
    ),
    "ccs05": command(ccs05.MESSAGE_CODE_CCS05, "b", lambda options: ccs05.Command(options.invoke_id)),
    "ccs06": command(ccs05.MESSAGE_CODE_CCS06, "b", lambda options: ccs05.Command(options.invoke_id)),
    "ccs07": command(ccs07.MESSAGE_CODE, "b", lambda options: ccs07.Command(options.invoke_id)),
    "ccs08": alert(ccs08.MESSAGE_CODE, "e", _transfer, "other", "version", "result", "when"),
    "cs02a": Recipe(cs02a.MESSAGE_CODE, Cra.COMMAND, "b", BROKER, _credential_details, ("role",)),
    "cs02b-alert": alert(0x00CB, "e", _raw, "payload"),
    "cs02c": command(cs02c.MESSAGE_CODE, "a", lambda options: cs02c.Command(options.need("key-usage")), "key-usage"),
    "cs02d": command(
        cs02d.MESSAGE_CODE, "a", lambda options: cs02d.Command(options.need("certificate")[0]), "certificate"
    ),
    "cs02e": command(cs02e.MESSAGE_CODE, "a", lambda options: cs02e.Command(options.need("key-usage")), "key-usage"),
    "cs03a1": command(
        cs03.METHOD_A_METER, "a", _join(cs03.Method.METHOD_A_INITIATOR), "other", "type", "certificate", party=SUPPLIER
    ),
    "cs03a2": command(
        cs03.METHOD_A_NOT_METER, "a", _join(cs03.Method.METHOD_A_RESPONDER), "other", "type", "certificate"
    ),
    "cs03b": command(cs03.METHOD_B, "b", _join(cs03.Method.METHOD_B), "other", "type", "certificate", party=SUPPLIER),
    "cs03c": command(cs03.METHOD_C, "a", _join(cs03.Method.METHOD_C), "other", "type", "certificate"),
    "cs04ac": command(cs04.METHOD_A_OR_C, "a", lambda options: cs04.Command(options.need("other")), "other"),
    "cs04b": command(cs04.METHOD_B, "b", lambda options: cs04.Command(options.need("other")), "other", party=SUPPLIER),
    "cs06": command(cs06.MESSAGE_CODE, "a", _firmware, "hash", "image", "when", party=SUPPLIER),
    "cs06-alert": alert(
        cs06.ALERT_MESSAGE_CODE, "e", _firmware_outcome, "version", "command-counter", "result", "when", party=SUPPLIER
    ),
    "cs07": command(cs07.MESSAGE_CODE, "b", lambda _: cs07.Command(), party=SUPPLIER),
    "cs08": command(cs08.MESSAGE_CODE, "b", lambda _: cs08.Command()),
    "cs09": alert(cs09.MESSAGE_CODE, "e", _activation, "version", "result", "when"),
    "cs14": alert(cs14.MESSAGE_CODE, "f", _log_changed, "pan", "entry", "when"),
    "ecs52": command(0x0059, "b", _raw, "payload", party=SUPPLIER),
    "gcs38": command(0x0084, "b", _raw, "payload", party=SUPPLIER),
    "firmware-receipt-esme": alert(
        firmware_receipt.ESME_MESSAGE_CODE, "e", _esme_receipt, "hash", "image", "alert-code", "when", party=SUPPLIER
    ),
    "firmware-receipt-gsme": alert(
        firmware_receipt.GSME_MESSAGE_CODE, "e", _gsme_receipt, "hash", "image", "alert-code", "when", party=SUPPLIER
    ),
    "generic-critical": alert(generic_alert.CRITICAL_MESSAGE_CODE, "e", _generic, "alert-code", "when"),
    "generic-non-critical": alert(generic_alert.NOT_CRITICAL_MESSAGE_CODE, "f", _generic, "alert-code", "when"),
    "pcs01": Recipe(0x009B, Cra.COMMAND, "b", BROKER, _raw, ("payload",), between_devices=True),
    "pcs02": Recipe(0x0090, Cra.COMMAND, "b", BROKER, _raw, ("payload",), between_devices=True),
}
"""Every use case but CS02b, whose recipe depends on its mode, by the name that people type."""

CS02B = "cs02b"
CS02B_OPTIONS = (
    "mode",
    "certificate",
    "cell",
    "path",
    "chf",
    "no-time-checks",
    "new-floor",
    "floor",
    "symmetric-key",
    "when",
)


def cs02b_recipe(options: Options, path: tuple[Certificate, ...]) -> Recipe:
    """CS02b in the mode asked for.

    Args:
        options: of the use case.
        path: the certification path if the options give none.
    """
    mode = _mode(options.need("mode"))
    rule = MODES[mode]
    to_hub = bool(options.get("chf")) and mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB
    by_itself = mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB and not to_hub
    cell = TrustAnchorCell(rule.by, KeyUsage.DIGITAL_SIGNATURE) if to_hub else rule.cell
    certificates: list[Certificate] = options.need("certificate")
    cells: list[TrustAnchorCell] = options.get("cell") or [cell_of(certificate) for certificate in certificates]
    if len(cells) != len(certificates):
        raise BadInput("are not as many as certificates", where="--cell", allowed=f"{len(certificates)}, or none")
    control = cs02b.Control(
        mode=mode,
        authorising_seq_number=options.counter,
        authorising_cell=None if by_itself else cell,
        plaintext_symmetric_key=options.get("symmetric-key"),
        disapply_time_checks=bool(options.get("no-time-checks")),
        new_floor_seq_number=options.get("new-floor"),
        other_seq_number_changes=tuple(options.get("floor") or ()) or None,
    )
    if mode is Mode.ANY_BY_CONTINGENCY:
        options.need("symmetric-key")
    replacements = tuple(cs02b.Replacement(*pair) for pair in zip(certificates, cells, strict=True))
    payload = cs02b.Command(control, replacements, tuple(options.get("path") or path), options.get("when"))
    shape = "a" if to_hub else rule.shape
    return Recipe(
        mode.message_code,
        Cra.COMMAND,
        shape,
        rule.by,
        lambda _: payload,
        CS02B_OPTIONS,
        signed_by_root=mode is Mode.ANY_BY_CONTINGENCY,
    )


def _mode(text: str) -> Mode:
    """A mode by number or name."""
    for mode, rule in MODES.items():
        if text in {rule.name, str(int(mode))}:
            return mode
    names = ", ".join(f"{int(mode)} {rule.name}" for mode, rule in MODES.items())
    raise BadInput(f"{text!r} is no mode", where="--mode", allowed=names)


def cell_of(certificate: Certificate) -> TrustAnchorCell:
    """The cell that an organisation's certificate is for, as far as it says so itself."""
    try:
        read = read_certificate(certificate.octets)
    except DecodeError as error:
        raise BadInput(str(error), where="--certificate") from error
    role, usage = read.subject.role, read.extensions.key_usage
    if role is None or usage is None:
        raise BadInput("does not say which cell it is for", where="--certificate", allowed="--cell ROLE:USAGE as well")
    return TrustAnchorCell(role, usage)
