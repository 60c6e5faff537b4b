"""The Access Control Broker's credentials on a bridge are replaced over the HAN, and everything wrong is tried.

Each step sends a GBCS message through the hub and looks at what comes of it: a Response whose protection is checked
with the device's keys, or a refusal in the device's security log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.gbcs import crypto
from emulator.gbcs.assembly import assemble
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.describe import describe, flatten
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.key_ring import HeldCredential, KeyRing
from emulator.gbcs.message import Message
from emulator.gbcs.pki import Credential, Identity, Pki, generate_pki
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02a, cs02b, cs02b_outcome, cs08
from emulator.gbcs.use_cases.cells import Certificate, Status, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import Mode
from emulator.observe.checklist import FAILED, PASSED, Check, ChecklistSummary, ShownMessage
from emulator.observe.run_files import RunFiles
from emulator.runtime.air import FRAMES
from emulator.runtime.exchange import ExchangeOutcome, ExchangeResult, GbcsExchange
from emulator.runtime.han import BridgeHandle
from emulator.runtime.simulation import Simulation
from emulator.scenarios.recorded import recorded
from emulator.transports.memory.topology import Link

TITLE = "Credentials of the Access Control Broker replaced over the HAN"

_BROKER = RemotePartyRole.ACCESS_CONTROL_BROKER
_SIGNS = TrustAnchorCell(_BROKER, KeyUsage.DIGITAL_SIGNATURE)
_AGREES = TrustAnchorCell(_BROKER, KeyUsage.KEY_AGREEMENT)
_CODE = Mode.ACCESS_CONTROL_BROKER_BY_ACB.message_code

StepDone = Callable[[Check], None]
"""Told of each step once it is over, e.g. to show progress."""


@dataclass(frozen=True, slots=True)
class CredentialsPlan:
    """What is to be run.

    Attributes:
        profile: of the bridge.
        loss: percent of frames that every link loses.
        folders: of the user's own profiles, that of the hub among them.
    """

    profile: str = "bridge-1"
    loss: float = 0.0
    hops: int = 1
    fidelity: str = FRAMES
    seed: int = 1
    standards: Standards = field(default_factory=Standards)
    folders: tuple[Path, ...] = ()


async def run_credentials(
    plan: CredentialsPlan, files: RunFiles | None = None, step_done: StepDone | None = None
) -> ChecklistSummary:
    """Carry a plan out; `files` are finished where there are any."""
    async with recorded(plan.seed, plan.fidelity, plan.standards, files, folders=plan.folders) as simulation:
        han = await simulation.han(bridges=[plan.profile], hops=plan.hops, link=Link(loss=plan.loss / 100))
        run = _Run(simulation, han.bridges[0], GbcsExchange(simulation, han), step_done)
        await run.everything()
        summary = _summary(plan, simulation, run.checks)
        return summary if files is None else files.finish_checklist(summary)


def _summary(plan: CredentialsPlan, simulation: Simulation, checks: list[Check]) -> ChecklistSummary:
    return ChecklistSummary(
        title=TITLE,
        outcome=PASSED if all(check.passed for check in checks) else FAILED,
        seed=plan.seed,
        fidelity=plan.fidelity,
        virtual_seconds=simulation.now / SECOND,
        wall_seconds=round(simulation.recorder.wall_seconds, 6),
        frames=simulation.air.frames,
        checks=tuple(checks),
        standards=plan.standards.non_defaults(),
    )


class _Run:
    """The steps, and what they have shown so far."""

    def __init__(
        self, simulation: Simulation, bridge: BridgeHandle, exchange: GbcsExchange, step_done: StepDone | None
    ) -> None:
        self.checks: list[Check] = []
        self._simulation = simulation
        self._bridge = bridge
        self._exchange = exchange
        self._step_done = step_done
        self._pki = simulation.pki()
        self._counter = 1_000
        self._device = self._pki.device(bridge.eui64)
        broker = self._pki.access_control_broker
        self._old = broker
        self._new = self._pki.renewed(broker.entity_id, _BROKER, 2)

    async def everything(self) -> None:
        """All steps in their order."""
        await self._details("the bridge shows whom it trusts", self._old, self._old)
        await self._version("CS08 under the old credentials", self._old, refusal=None)
        replaced = await self._replace(
            "CS02b hands over new credentials", self._new, self._old, [Status.SUCCESS, Status.SUCCESS]
        )
        await self._details("the bridge shows the new ones", self._new, self._new)
        await self._version("CS08 under the old credentials again", self._old, refusal="mac-invalid")
        await self._version("CS08 under the new credentials", self._new, refusal=None)
        await self._refused("the same CS02b is sent again", replaced, "mac-invalid")
        older = self._replacement(self._new, self._new, counter=900)
        await self._refused("a CS02b with an older counter, under the new key", older, "counter-repeated")
        foreign = generate_pki(SeededStreams(self._simulation.seed + 1), ()).access_control_broker
        bad = [Status.NO_TRUST_ANCHOR, Status.NO_TRUST_ANCHOR]
        await self._replace("CS02b with certificates of another authority", foreign, self._new, bad)
        await self._details("the bridge shows what it showed before", self._new, self._new)
        await self._version("CS08 under the new credentials, after all that", self._new, refusal=None)

    # Steps

    async def _details(self, name: str, held: Identity, sender: Identity) -> None:
        """CS02a: the identifiers of the broker's two keys."""
        asked = cs02a.Command(_AGREES, (_BROKER,))
        octets = self._command(cs02a.MESSAGE_CODE, asked.encode(), sender)
        wanted = [_identifier(one) for one in (held.digital_signature, held.key_agreement)]
        result = await self._exchange.send(octets)
        found: list[str] = []
        if (answer := self._checked(result, sender)) is not None:
            cells = cs02a.Response.decode(answer.payload).roles[0].cells or ()
            found = [cell.subject_key_identifier.hex() for cell in cells]
        happened = f"it holds {', '.join(found)}" if found else _words(result)
        self._note(name, f"it holds {', '.join(wanted)}", happened, found == wanted, octets, result)

    async def _version(self, name: str, sender: Identity, refusal: str | None) -> None:
        """CS08, answered or refused."""
        octets = self._command(cs08.MESSAGE_CODE, cs08.Command().encode(), sender)
        if refusal is not None:
            await self._refused(name, octets, refusal)
            return
        result = await self._exchange.send(octets)
        answer = self._checked(result, sender)
        version = "" if answer is None else f"{cs08.Response.decode(answer.payload).firmware_version:08X}"
        happened = f"answered: version {version}, MAC verified" if version else _words(result)
        expected = f"answered: version {self._bridge.version}, MAC verified"
        self._note(name, expected, happened, version == self._bridge.version, octets, result)

    async def _replace(self, name: str, new: Identity, sender: Identity, wanted: list[Status]) -> bytes:
        """CS02b, accepted, with an outcome for each cell; the Command."""
        octets = self._replacement(new, sender)
        result = await self._exchange.send(octets)
        found: list[int] = []
        if (answer := self._checked(result, sender)) is not None:
            outcome = cs02b_outcome.Response.decode(answer.payload).execution_outcome
            found = [] if outcome is None else [one.status for one in outcome.replacement_outcomes]
        happened = f"accepted, signature verified: {_statuses(found)}" if found else _words(result)
        expected = f"accepted, signature verified: {_statuses(wanted)}"
        self._note(name, expected, happened, found == wanted, octets, result)
        return octets

    async def _refused(self, name: str, octets: bytes, reason: str) -> None:
        """A message that must change nothing, and stand in the security log."""
        before = self._bridge.device.memory.state.gbcs
        result = await self._exchange.send(octets)
        log = self._bridge.device.gbcs.security_log
        logged = len(log) > 0 and log[-1].reason == reason
        untouched = self._bridge.device.memory.state.gbcs is before
        good = result.reason == reason and logged and untouched
        happened = (
            f"{_words(result)}; {'' if logged else 'not '}logged, state {'as before' if untouched else 'changed'}"
        )
        self._note(name, "refused; logged, state as before", happened, good, octets, result)

    def _note(
        self, name: str, expected: str, happened: str, passed: bool, octets: bytes, result: ExchangeResult
    ) -> None:
        messages = [_shown("Command", octets)]
        if result.response is not None:
            messages.append(_shown("Response", result.response))
        at = round(self._simulation.now / SECOND, 6)
        check = Check(name, expected, happened, passed, at, result.reason, tuple(messages))
        self.checks.append(check)
        if self._step_done is not None:
            self._step_done(check)

    # Messages

    def _command(self, code: int, payload: bytes, sender: Identity, counter: int | None = None) -> bytes:
        if counter is None:
            counter = self._counter = self._counter + 1
        header = GroupingHeader(Cra.COMMAND, counter, sender.entity_id, self._bridge.eui64, code)
        return assemble(header, payload, "b", _ring(sender, self._pki, self._bridge.eui64)).encode()

    def _replacement(self, new: Identity, sender: Identity, counter: int | None = None) -> bytes:
        number = self._counter + 1 if counter is None else counter
        pairs = ((new.digital_signature, _SIGNS), (new.key_agreement, _AGREES))
        command = cs02b.Command(
            cs02b.Control(Mode.ACCESS_CONTROL_BROKER_BY_ACB, number),
            tuple(cs02b.Replacement(Certificate(one.certificate_octets), cell) for one, cell in pairs),
            (Certificate(self._pki.organisation_issuer.certificate_octets),),
        )
        return self._command(_CODE, command.encode(), sender, counter)

    def _checked(self, result: ExchangeResult, sender: Identity) -> Message | None:
        """The Response, if its MAC or signature is the device's."""
        if result.outcome is not ExchangeOutcome.ANSWERED or result.response is None:
            return None
        answer = Message.decode(result.response)
        if answer.signature is not None:
            good = crypto.signature_is_valid(answer, self._device.public_keys.digital_signature)
        else:
            agreement = crypto.KeyAgreement(sender.keys.key_agreement)
            good = crypto.mac_is_valid(answer, agreement.shared_secret(self._device.public_keys.key_agreement))
        return answer if good else None


def _ring(sender: Identity, pki: Pki, device: Eui64) -> KeyRing:
    """The sender's keys, and the device's certificates."""
    known = pki.device(device)
    credentials = (sender.digital_signature, sender.key_agreement, known.digital_signature, known.key_agreement)
    return KeyRing(HeldCredential("", read_certificate(one.certificate_octets), one.private_key) for one in credentials)


def _identifier(credential: Credential) -> str:
    return crypto.key_identifier(credential.public_key).hex()


def _statuses(statuses: list[int] | list[Status]) -> str:
    return ", ".join(Status(status).name.lower().replace("_", " ") for status in statuses)


def _words(result: ExchangeResult) -> str:
    if result.outcome is ExchangeOutcome.ANSWERED:
        return "answered, but not under the device's keys"
    return f"{result.outcome.value}: {result.reason}" + (f" ({result.detail})" if result.detail else "")


def _shown(what: str, octets: bytes) -> ShownMessage:
    words = describe(Message.decode(octets))
    told: dict[str, Value] = {name: words[name] for name in _HEADER}
    fields = dict(flatten(told)) | dict(flatten(words["payload"]))
    return ShownMessage(f"{what} {words['use_case'] or words['message_code']}", octets.hex(), fields)


_HEADER = ("shape", "originator_counter", "originator", "recipient", "message_code")
