"""Link keys of a port with its partners: the one in force with each, and the one that is offered beside it."""

from __future__ import annotations

from functools import partial
from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.ports.aps import ApsIndication, ApsMessage
from emulator.transports.ezsp import keys
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.key_probe import SAYS_NOTHING, KeyProbe
from emulator.transports.ezsp.memory import HostKey
from emulator.transports.ezsp.outgoing import Outgoing
from emulator.transports.ezsp.settings import KeyMethod
from emulator.transports.ezsp.status import status_text
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.zigbee.node.memory import LinkKeyKind
from emulator.zigbee.security.keys import KEY_OCTETS

_BASIC: Final = 0x0000
_KEY_ESTABLISHMENT: Final = 0x0800


class LinkKeys:
    """The link keys of one port; those in force are in the host's memory, and the stick is given them when it is up.

    Args:
        host: of the port.
        outgoing: sends the probes of keys that were established.
    """

    def __init__(self, host: Host, outgoing: Outgoing) -> None:
        self._host = host
        self._outgoing = outgoing
        self._probe = KeyProbe(self._send_probe, host.reporter, host.clock)
        self._offered: dict[Eui64, bytes] = {}
        self._unput: dict[Eui64, None] = {}
        """Partners whose key in force the stick does not have yet."""

    def in_force_with(self, device: Eui64) -> bytes | None:
        """The key in force with a device, 16 octets."""
        known = self._host.memory.link_keys.get(device)
        return None if known is None else known.key

    def is_established(self, device: Eui64) -> bool:
        """Whether the key in force came by `establish`, or by the use of one that was offered."""
        known = self._host.memory.link_keys.get(device)
        return known is not None and known.kind is LinkKeyKind.ESTABLISHED

    def establish(self, device: Eui64, key: bytes, now: int) -> None:
        """Use `key` with a device from now on; LocalProtocolError for one of another length than 16 octets."""
        _check(key)
        self._offered.pop(device, None)
        self._host.memory.link_keys[device] = HostKey(key, LinkKeyKind.ESTABLISHED)
        self._host.reporter("trust.link-key", None, {"partner": eui64_text(device)}, now)
        self.put_in_force(device)

    def offer(self, device: Eui64, key: bytes | None) -> None:
        """Understand `key` as well, until it is used; None: no more.  LocalProtocolError as `establish`."""
        host = self._host
        if key is None:
            if self._offered.pop(device, None) is not None:
                host.work.queue(Job(lambda stick: keys.allow_only(stick, host.memory.allowed)))
            return
        _check(key)
        self._offered[device] = key
        host.work.queue(Job(lambda stick: keys.allow(stick, device, key)))

    def remove(self, device: Eui64) -> None:
        """Have no key with a device any more, here and in the stick."""
        host = self._host
        host.memory.forget_device(device)
        self._offered.pop(device, None)

        async def forget(stick: Stick) -> None:
            await keys.forget(stick, device)
            await keys.allow_only(stick, host.memory.allowed)

        host.work.queue(Job(forget))

    def forget_offers(self) -> None:
        """Off the network: what was offered or was to be tried is not any more."""
        self._probe.stop()
        self._offered.clear()

    # Into the stick

    def put_in_force(self, device: Eui64) -> None:
        """Give the stick the key in force with a device when its turn comes; off the network, once it is up.

        What becomes of a key that a stick without a network is given, no source says.
        """
        if not self._host.up:
            self._unput[device] = None
            return

        def failed(reason: str) -> None:
            self._unput[device] = None
            self._host.report("trust.link-key", reason, {"partner": eui64_text(device)})

        self._host.work.queue(Job(lambda stick: self._put(stick, device), failed))

    def network_up(self) -> None:
        """Give the stick whatever it could not be given before."""
        unput, self._unput = self._unput, {}
        for device in unput:
            self.put_in_force(device)

    async def _put(self, stick: Stick, device: Eui64) -> None:
        host = self._host
        known = host.memory.link_keys.get(device)
        if known is None:
            return
        try:
            await keys.put_in_force(stick, device, known.key, self._method(device))
        except StickRefused as refusal:
            fields: dict[str, object] = {"partner": eui64_text(device), "status": status_text(refusal.status)}
            host.report("trust.link-key", "stick-refused", fields)
            return
        if known.kind is LinkKeyKind.ESTABLISHED and host.settings.probe_keys:
            self._probe.begin(device)

    def _method(self, device: Eui64) -> KeyMethod:
        is_our_centre = not self._host.is_trust_centre and device == self._host.memory.trust_centre
        return self._host.settings.keys_method if is_our_centre else KeyMethod.LINK_TABLE

    # In use

    def heard(self, message: ApsIndication) -> None:
        """A message came: it may be the first under the key that was offered, or tell who establishes a key where."""
        device = message.source_eui64
        if device is None:
            return
        if message.link_key and device in self._offered:
            self._host.work.queue(Job(partial(self._look_at_offer, device=device)))
        if message.cluster == _KEY_ESTABLISHMENT:
            self._probe.heard(device, message.source_endpoint)

    async def _look_at_offer(self, stick: Stick, device: Eui64) -> None:
        """Whether a partner has begun to use the key that it was offered."""
        key = self._offered.get(device)
        if key is None:
            return
        used = await keys.offered_is_used(stick, device)
        if used is None:
            self._host.report("trust.offered-key", "not-told", {"partner": eui64_text(device)})
        elif used:
            self.establish(device, key, self._host.clock())

    def probe_message(self, device: Eui64, endpoint: int) -> ApsMessage:
        """A message under the key in force, to be acknowledged under it, which `endpoint` does not answer.

        Raises:
            LocalProtocolError: the device's address is unknown.
        """
        short = self._host.memory.addresses.get(device)
        if short is None:
            raise LocalProtocolError(f"nobody knows where {eui64_text(device)} is")
        own = self._host.configured().endpoints[0]
        return ApsMessage(
            short, endpoint, own.endpoint, own.profile, _BASIC, SAYS_NOTHING, acknowledge=True, link_key=True
        )

    def _send_probe(self, partner: Eui64, endpoint: int) -> int | None:
        host = self._host
        if not host.up or partner not in host.memory.addresses or partner not in host.memory.link_keys:
            return None
        return self._outgoing.send(self.probe_message(partner, endpoint), host.clock(), self._probe.settled)


def _check(key: bytes) -> None:
    if len(key) != KEY_OCTETS:
        raise LocalProtocolError(f"a link key of {len(key)} octets, {KEY_OCTETS} are needed")
