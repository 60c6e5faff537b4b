"""Makes the devices of a run: addresses and keys, stack, model, driver and handle, wherever their stacks are."""

from __future__ import annotations

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.core.events import Event, EventSink
from emulator.core.standards import Standards
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.model import Bridge, BridgeCredentials
from emulator.devices.device_log.life import Standing
from emulator.devices.hub.kept import HubKept
from emulator.devices.hub.model import CommsHub
from emulator.devices.joining.credentials import own_credentials
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.light.model import LightDevice
from emulator.devices.profile import DeviceProfile, HubProfile, LightProfile
from emulator.gbcs.roles import RemotePartyRole
from emulator.ports.aps import ApsPort
from emulator.runtime.charge import ChargeMeter
from emulator.runtime.driver import Device, DeviceDriver
from emulator.runtime.han import BridgeHandle, HubHandle
from emulator.runtime.identities import InstallCode, eui64_for, install_code_for
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.replay.recorded_device import Surroundings
from emulator.runtime.replay.recording import Recording
from emulator.runtime.run import Run
from emulator.runtime.site import Member
from emulator.runtime.usage import DownloadUsage

LINK_KEY = "trust.link-key"


class DeviceMaker:
    """Makes devices, switched off.

    Args:
        run: whose they are.
        recording: of one device, which is the only one that is made then.
    """

    def __init__(self, run: Run, recording: Recording | None = None) -> None:
        self._run = run
        self._recording = recording

    def hub(self, name: str, profile: HubProfile, kept: HubKept | None = None) -> HubHandle:
        """A communications hub; `kept` is what it kept of an earlier life."""
        run = self._run
        eui64 = self._address(name, profile)
        stack = port = run.air.port(eui64, name)
        rng = run.streams.stream(f"{name}/device")
        chf = run.pki().identity(self._address(f"{name}/chf"), RemotePartyRole.WAN_PROVIDER)
        means = self._means(eui64, profile)
        if self._recording is not None:
            around = Surroundings(name, run.standards, rng, run.epoch)
            port, chf, means = self._recording.hub(around, port, profile, chf, means, kept)
        device = CommsHub(
            port,
            profile,
            run.standards,
            rng,
            run.recorder.reporter(name),
            chf,
            cbke=means,
            epoch=run.epoch,
            kept=kept,
        )
        if self._recording is not None:
            self._recording.watch(device)
        driver = self._drive(port, device)
        run.recorder.watch(name, self._watch_keys(device, stack))
        self._introduce(name, profile, eui64)
        return HubHandle(run, name, device, driver, stack)

    def bridge(
        self,
        name: str,
        member: Member,
        hub: str = "",
        *,
        code: InstallCode | None = None,
        memory: BridgeMemory | None = None,
    ) -> BridgeHandle:
        """A bridge or PPMID.

        Args:
            name: in events.
            member: what it is.
            hub: name of its hub, where that is in the same run.
            code: its install code; None: that of its profile, or one of the run.
            memory: what it kept of an earlier life.
        """
        run = self._run
        profile, verifier = member
        eui64 = self._address(name, profile)
        stack = port = run.air.port(eui64, name)
        code = code or install_code_for(run.streams, name, profile)
        identity = run.pki().identity(eui64, *trusted_roles(run.standards))
        credentials = BridgeCredentials(code.key, identity, self._means(eui64, profile))
        rng = run.streams.stream(f"{name}/device")
        if self._recording is not None:
            around = Surroundings(name, run.standards, rng, run.epoch)
            port, credentials = self._recording.bridge(around, port, profile, credentials, memory, verifier)
        device = Bridge(
            port,
            profile,
            credentials,
            run.standards,
            rng,
            run.recorder.reporter(name),
            memory=memory,
            verifier=verifier,
            epoch=run.epoch,
        )
        driver = self._drive(port, device)
        run.tell_key(code.key, f"link key of {name}")
        usage = DownloadUsage(
            name,
            lambda: f"{stack.short_of(eui64) or 0:04x}",
            lambda: device.counters,
            lambda: run.air.exchanged(eui64),
        )
        run.recorder.watch(name, usage.take)
        if hub:
            run.recorder.watch(hub, usage.take)
        self._introduce(name, profile, eui64)
        charge = self._charge(name, device)
        if self._recording is not None:
            self._recording.watch(device)
        return BridgeHandle(run, name, device, driver, code.code, usage, charge)

    def _means(self, eui64: Eui64, profile: DeviceProfile) -> KeyEstablishmentMeans | None:
        authority = self._run.authority
        return None if authority is None else authority.means(eui64, profile)

    def _drive(self, port: ApsPort, device: Device) -> DeviceDriver:
        run = self._run
        driver = run.drivers[device] = DeviceDriver(run.scheduler, port, device)
        if run.authority is not None:
            run.authority.driven(port.eui64, driver)
        return driver

    def _watch_keys(self, hub: CommsHub, stack: ApsPort) -> EventSink:
        """Tell the capture of the keys that the hub establishes, and of those that it has from another hub's log."""
        run = self._run

        def watch(event: Event) -> None:
            if event.kind != LINK_KEY:
                return
            partner = parse_eui64(str(event.fields["partner"]))
            key = stack.link_key_with(partner)
            if key is not None:
                invited = hub.chf.log.standing(partner) is Standing.INVITED
                origin = "hashed" if invited else "established"
                run.tell_key(key, f"{origin} link key of {run.recorder.names.get(partner, partner)}")

        return watch

    def _charge(self, name: str, device: Bridge) -> ChargeMeter | None:
        """Let the battery know how long the radio is at work, and follow what it gives; None where there is none."""
        if device.supply is None:
            return None
        run, battery = self._run, device.supply.battery
        battery.radio = lambda: run.air.radio_use(device.eui64)
        meter = ChargeMeter(name, battery)
        run.recorder.watch(name, meter.take)
        return meter

    def light(self, name: str, profile: LightProfile) -> LightHandle:
        """A device around the bridges."""
        run = self._run
        eui64 = self._address(name, profile)
        code = install_code_for(run.streams, name, profile)
        rng = run.streams.stream(f"{name}/device")
        port = run.air.port(eui64, name)
        report, means = run.recorder.reporter(name), self._means(eui64, profile)
        device = LightDevice(port, profile, code.key, run.standards, rng, report, cbke=means)
        driver = self._drive(port, device)
        run.tell_key(code.key, f"link key of {name}")
        self._introduce(name, profile, eui64)
        return LightHandle(run, name, device, driver, code.code)

    def _introduce(self, name: str, profile: DeviceProfile, eui64: Eui64) -> None:
        """Say in the events of the run who is who."""
        fields: dict[str, object] = {"device_kind": profile.kind, "profile": profile.name, "eui64": eui64_text(eui64)}
        self._run.recorder.reporter(name)("han.device", None, fields, self._run.now)

    def _address(self, name: str, profile: DeviceProfile | None = None) -> Eui64:
        """The address of a device: that of its stick or of its certificate, where it has one.

        Raises:
            BadInput: they are not the same.
        """
        own = None if profile is None or self._run.authority is None else own_credentials(profile)
        given = self._run.air.address(name)
        if own is not None and given is not None and own.eui64 != given:
            what = f"a certificate for {eui64_text(own.eui64)}, and the stick is {eui64_text(given)}"
            raise BadInput(what, where=name, allowed="a certificate for the stick, or none")
        eui64 = own.eui64 if own is not None else given or eui64_for(self._run.streams, name)
        self._run.recorder.names[eui64] = name
        return eui64


def trusted_roles(standards: Standards) -> tuple[RemotePartyRole, ...]:
    """Whose keys a bridge or PPMID holds beside those that every device has."""
    return (RemotePartyRole.SUPPLIER,) if standards.word("credentials.authority") == "supplier" else ()
