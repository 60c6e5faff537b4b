"""Whatever the DCC, the devices, time and the power do: the rules that the device log never breaks."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.core.clock import MINUTE, SECOND
from emulator.core.eui64 import Eui64
from emulator.devices.device_log.effects import (
    Admitted,
    Alert,
    Effects,
    Forbid,
    KeyOrigin,
    Permit,
    RemoveFromHan,
)
from emulator.devices.device_log.entries import TYPE_1, DeviceLogRules
from emulator.devices.device_log.life import Standing
from emulator.devices.device_log.log import DeviceLog
from emulator.devices.device_log.state import HISTORIC_LOG_SIZE, LOG_SIZE
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType, HashedKey
from tests.devices.device_log.bench import add, new_log, read, read_both, remove, restarted, restore

ANY_DEVICE = st.integers(1, 20).map(Eui64)
DEVICES = st.integers(1, 3).map(Eui64) | ANY_DEVICE
"""More than fit, and yet most of what happens happens to a few: a story each."""
TYPES = st.sampled_from(HanDeviceType)
OTHER_TYPES = st.integers(0, 0xFF)
KEYS = st.integers(1, 3).map(lambda number: bytes([number]) * 16)
HASHED = st.builds(HashedKey, ANY_DEVICE, st.sampled_from((b"", b"h" * 16)))
TIMEOUTS = st.sampled_from((0, 1, 90, 3600))
PAUSES = st.sampled_from((0, 1, 45 * SECOND, 90 * SECOND, 20 * MINUTE, 60 * MINUTE))


class Hub(RuleBasedStateMachine):
    """A log, and what a hub would believe that did only what the effects said."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.log_rules = DeviceLogRules()
        self.log = DeviceLog(new_log().state, self.log_rules)
        self.reported: tuple[HashedKey, ...] = ()
        self.permitted: dict[Eui64, Permit] = {}

    @initialize(key_establishment=st.booleans())
    def set_up(self, key_establishment: bool) -> None:
        self.log_rules = DeviceLogRules(key_establishment=key_establishment)
        self.log = DeviceLog(new_log().state, self.log_rules)

    def carry_out(self, effects: Effects) -> None:
        """As the hub does; and one CS14, with what is new, for each change of entries or hashed keys."""
        alerts = [effect for effect in effects if isinstance(effect, Alert)]
        logged = self.log.backup(self.now).devices
        assert len(alerts) == (logged != self.reported)
        if alerts:
            assert effects[-1] is alerts[0] or isinstance(effects[-1], Permit | Forbid)  # CCS01: two steps
            assert alerts[0].log == self.log.backup(self.now)
            self.reported = logged
        for effect in effects:
            if isinstance(effect, Permit):
                self.permitted[effect.device] = effect
            elif isinstance(effect, Forbid | RemoveFromHan):
                self.permitted.pop(effect.device, None)

    # What the DCC does

    @rule(device=DEVICES, device_type=TYPES | OTHER_TYPES, timeout=TIMEOUTS, joining=st.integers(0, 4))
    def add(self, device: Eui64, device_type: int, timeout: int, joining: int) -> None:
        code = bytes([device]) * 16
        _, effects = add(
            self.log, device, self.now, device_type=device_type, code=code, timeout=timeout, joining=joining > 0
        )
        self.carry_out(effects)

    @rule(device=DEVICES)
    def remove(self, device: Eui64) -> None:
        _, effects = remove(self.log, device, self.now)
        self.carry_out(effects)
        assert device not in self.log

    @rule(devices=st.lists(HASHED, max_size=18))
    def restore(self, devices: list[HashedKey]) -> None:
        _, effects = restore(self.log, *devices, now=self.now)
        self.carry_out(effects)

    @rule(numbers=st.lists(ANY_DEVICE, max_size=8, unique=True))
    def restore_a_likely_log(self, numbers: list[Eui64]) -> None:
        self.restore([HashedKey(device, bytes([device]) * 16) for device in numbers])

    # What devices do

    @rule(device=DEVICES)
    def join(self, device: Eui64) -> None:
        """A device is given the network key if the log says so."""
        admission = self.log.knocked(device, self.now)
        effects = self.log.joined(device, self.now)
        self.carry_out(effects)
        put_out = any(isinstance(effect, RemoveFromHan) for effect in effects)
        if isinstance(admission, Admitted):
            assert put_out or self.log.standing(device) in {Standing.JOINED, Standing.TRUSTED}
        else:
            assert put_out

    @rule(device=DEVICES, link_key=KEYS)
    def establish(self, device: Eui64, link_key: bytes) -> None:
        expected = self.log.standing(device) not in {None, Standing.LISTED}
        effects = self.log.key_established(device, link_key, self.now)
        self.carry_out(effects)
        trusted = self.log.standing(device) is Standing.TRUSTED
        assert trusted != any(isinstance(effect, RemoveFromHan) for effect in effects)
        assert expected or not trusted

    @rule(device=DEVICES)
    def leave(self, device: Eui64) -> None:
        self.carry_out(self.log.left(device, self.now))

    @rule(device=DEVICES, link_key=st.booleans(), rssi=st.integers(-128, 127), lqi=st.integers(0, 255))
    def speak(self, device: Eui64, link_key: bool, rssi: int, lqi: int) -> None:
        self.carry_out(self.log.heard(device, rssi, lqi, self.now, link_key=link_key))
        self.log.transmitted(device, delivered=link_key)

    @rule(device=DEVICES, device_type=TYPES)
    def classify(self, device: Eui64, device_type: HanDeviceType) -> None:
        self.carry_out(self.log.classified(device, device_type, self.now))

    @rule(device=DEVICES, link_key=KEYS)
    def come_as_intended(self, device: Eui64, link_key: bytes) -> None:
        self.add(device, HanDeviceType.PPMID, 90, joining=1)
        self.join(device)
        self.establish(device, link_key)

    # What time and the power do

    @rule(pause=PAUSES)
    def wait(self, pause: int) -> None:
        self.now += pause
        self.carry_out(self.log.on_timeout(self.now))
        following = self.log.timers.next_timeout()
        assert following is None or following > self.now

    @rule(pause=PAUSES)
    def be_busy(self, pause: int) -> None:
        """Time passes, and what falls due is asked for late."""
        self.now += pause

    @rule()
    def cut_the_power(self) -> None:
        """A stack keeps what it was told; `resume` must agree with it."""
        before = self.log.state
        self.log = restarted(self.log, self.log_rules)
        assert self.log.state == before
        effects = self.log.resume(self.now)
        self.carry_out(effects)
        told = {effect.device for effect in effects if isinstance(effect, Permit)}
        assert told == {entry.device for entry in self.log.state.entries if entry.windows}

    # What always holds

    @invariant()
    def the_limits_hold(self) -> None:
        state = self.log.state
        assert len(state.entries) <= LOG_SIZE
        assert len(state.historic) <= HISTORIC_LOG_SIZE
        assert sum(entry.device_type in TYPE_1 for entry in state.entries) <= self.log_rules.type_1_devices
        assert state.traffic.keys() == {entry.device for entry in state.entries}

    @invariant()
    def the_hub_believes_what_the_log_says(self) -> None:
        """Whoever may join now was permitted under that key, and nobody who is not in the log was."""
        for entry in self.log.state.entries:
            permit = self.permitted.get(entry.device)
            if entry.standing in {Standing.INVITED, Standing.TRUSTED}:
                window = entry.windows[0]
                assert permit == Permit(entry.device, window.link_key, window.until, window.origin)
            elif entry.standing is Standing.LISTED:
                assert permit is None
        assert self.permitted.keys() <= {entry.device for entry in self.log.state.entries}

    @invariant()
    def only_a_trusted_device_has_a_link_key_and_its_hash_is_reported(self) -> None:
        for entry in self.log.state.entries:
            assert (entry.standing is Standing.TRUSTED) == bool(entry.link_key)
            if entry.standing is Standing.TRUSTED:
                assert entry.windows[-1].origin is KeyOrigin.ESTABLISHED
            assert (entry.finish_by is None) or entry.standing is Standing.JOINED

    @invariant()
    def everything_can_be_told(self) -> None:
        devices = read(self.log, self.now).devices
        assert devices is not None
        assert [one.entity_id for one in devices] == [entry.device for entry in self.log.state.entries]
        both = read_both(self.log, self.now)
        assert both.current is not None
        assert both.current.devices == self.reported


TestHub = Hub.TestCase
