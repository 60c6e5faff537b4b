"""Device profiles: what a product is, as `hw_profiles/*.toml` says it.

A key that a file leaves out has the default given here; None means that the standards of the run decide
(`althan standards`).  `hw_profiles/README.md` explains every key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from emulator.core.clock import seconds
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.ports.aps import NodeType, SimpleDescriptor

SMART_ENERGY = 0x0109
PREPAYMENT_TERMINAL = 0x0506
"""Device id of a PPMID's endpoint: general knowledge of Smart Energy, not checked against its text."""
OTA_CLUSTER = 0x0019

_INSTALL_CODE_DIGITS = (12, 16, 24, 32)


def _install_code(value: object) -> object:
    """Hex digits in any case, with or without separators, made plain."""
    digits = value.replace(":", "").replace("-", "").replace(" ", "").lower() if isinstance(value, str) else ""
    if len(digits) not in _INSTALL_CODE_DIGITS or not set(digits) <= set("0123456789abcdef"):
        raise PydanticCustomError("install_code", "12, 16, 24 or 32 hex digits, without the CRC")
    return digits


Unsigned16 = Annotated[int, Field(ge=0, le=0xFFFF)]
Unsigned32 = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
Seconds = Annotated[float, Field(ge=0, le=2_678_400)]
"""Up to 31 days."""
Percent = Annotated[float, Field(ge=0, le=100)]
Milliamperes = Annotated[float, Field(ge=0, le=10_000)]
Microcoulombs = Annotated[float, Field(ge=0, le=1_000_000_000)]
EndpointNumber = Annotated[int, Field(ge=1, le=240)]
Clusters = tuple[Unsigned16, ...]
Text = Annotated[str, StringConstraints(min_length=1)]
BasicText = Annotated[str, StringConstraints(min_length=1, max_length=32)]
"""A character string of the Basic cluster."""
InstallCode = Annotated[str, BeforeValidator(_install_code)]
Kind = Literal["bridge", "ppmid", "hub", "esme", "gsme", "ihd", "cad", "hcalcs"]
Power = Literal["distribution-network", "consumer-mains", "battery"]
UseCaseName = Literal[
    "CS02a",
    "CS02b",
    "CS02c",
    "CS02d",
    "CS02e",
    "CS03A1",
    "CS03A2",
    "CS03B",
    "CS03C",
    "CS04AC",
    "CS04B",
    "CS08",
]
BRIDGE_USE_CASES: tuple[UseCaseName, ...] = ("CS02a", "CS02b", "CS02c", "CS02d", "CS02e", "CS08")


class Table(BaseModel):
    """A table of a profile: unknown keys are refused, nothing is converted, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Endpoint(Table):
    """The endpoint a device shows; clusters by id, those it serves (`in`) and those it uses (`out`)."""

    number: EndpointNumber = 1
    device_id: Unsigned16
    device_version: Annotated[int, Field(ge=0, le=0xF)] = 0
    in_clusters: Annotated[Clusters, Field(strict=False)]
    out_clusters: Annotated[Clusters, Field(strict=False)]

    def descriptor(self, profile_id: int) -> SimpleDescriptor:
        """As a stack wants it."""
        return SimpleDescriptor(
            self.number, profile_id, self.device_id, self.device_version, self.in_clusters, self.out_clusters
        )


class Signature(Table):
    """How the manufacturer's signature inside an image is checked."""

    scheme: Literal["none", "ecdsa-p256"] = "none"
    public_key: Text | None = None

    @model_validator(mode="after")
    def _keyed(self) -> Signature:
        if (self.scheme == "none") != (self.public_key is None):
            raise ValueError('public_key: goes with scheme = "ecdsa-p256", and only with it')
        return self


class OtaClientTable(Table):
    """How a bridge or PPMID goes about an update; None leaves it to the standards or to the OTA client's default."""

    block_octets: Annotated[int, Field(ge=1, le=255)] | None = None
    aps_acks: bool | None = None
    page_requests: bool | None = None
    page_octets: Annotated[int, Field(ge=1, le=0xFFFF)] | None = None
    page_spacing_ms: Unsigned16 | None = None
    min_block_period_ms: Unsigned16 | None = None
    send_node_address: bool | None = None
    response_timeout_s: Annotated[float, Field(gt=0, le=3_600)] | None = None
    retries: Annotated[int, Field(ge=0, le=10_000)] | None = None
    query_retries: Annotated[int, Field(ge=0, le=10_000)] | None = None
    end_retries: Annotated[int, Field(ge=0, le=10_000)] | None = None
    start_delay_s: Seconds | None = None
    start_jitter_s: Seconds | None = None
    poll_interval_s: Seconds | None = None
    poll_jitter_s: Seconds | None = None
    resume_interval_s: Seconds | None = None
    resumes: Annotated[int, Field(ge=0, le=10_000)] | None = None


class GbcsTable(Table):
    """Which GBCS use cases a bridge or PPMID takes; all others are refused."""

    use_cases: Annotated[tuple[UseCaseName, ...], Field(strict=False)] = BRIDGE_USE_CASES


class BatteryTable(Table):
    """What a battery holds and what empties it; the defaults are ours, nothing about the real product is published."""

    capacity_mah: Annotated[float, Field(gt=0, le=1_000_000)]
    charge_percent: Percent = 100.0
    low_percent: Percent = 10.0
    idle_ma: Milliamperes = 6.0
    transmit_ma: Milliamperes = 30.0
    receive_ma: Milliamperes = 1.0
    poll_uc: Microcoulombs = 50.0
    flash_write_uc: Microcoulombs = 10.0


class CbkeTable(Table):
    """How a device establishes keys; without files it gets a certificate of the run's own test CA for each suite."""

    suites: Annotated[tuple[Literal[1, 2], ...], Field(strict=False, min_length=1, max_length=2)] = (2,)
    certificate: Text | None = None
    private_key: Text | None = None
    ca_public_key: Text | None = None
    ephemeral_seconds: Annotated[int, Field(ge=0, le=254)] = 10
    confirm_seconds: Annotated[int, Field(ge=0, le=254)] = 15

    @model_validator(mode="after")
    def _whole(self) -> CbkeTable:
        files = (self.certificate, self.private_key, self.ca_public_key)
        if any(files) and not all(files):
            raise ValueError("certificate, private_key and ca_public_key: go together")
        if any(files) and len(self.suites) > 1:
            raise ValueError("suites: one, that of the certificate, where there are files")
        return self


class OtaServerTable(Table):
    """Whom a hub gives firmware to, by the device types of the hub's log; a bridge counts as a PPMID."""

    serves: Annotated[tuple[Literal["esme", "gsme", "ppmid", "hcalcs"], ...], Field(strict=False)] = (
        "esme",
        "gsme",
        "ppmid",
        "hcalcs",
    )


class TrafficTable(Table):
    """What a device says to the hub at regular intervals.

    Attributes:
        every_s: between two exchanges.
        cluster: that both are about.
        report: attributes of its own that it reports.
        read: attributes of the hub that it reads.
    """

    every_s: Annotated[float, Field(gt=0, le=86_400)]
    cluster: Unsigned16
    report: Annotated[Clusters, Field(strict=False)] = ()
    read: Annotated[Clusters, Field(strict=False)] = ()

    @property
    def every(self) -> int:
        """µs between two exchanges."""
        return seconds(self.every_s)


class MeterTable(Table):
    """What a meter shows, in thousandths of its unit: kWh of an electricity meter, cubic metres of a gas meter."""

    summation: Annotated[int, Field(ge=0, lt=2**47)]
    per_hour: Annotated[int, Field(ge=0, lt=2**23)]


class DeviceProfile(Table):
    """What every device has; times of the file are seconds, the properties without `_s` are µs."""

    description: Text
    kind: Kind
    manufacturer: Unsigned16
    model: BasicText
    manufacturer_name: BasicText = "Alt HAN emulator"
    hardware_version: Unsigned16
    firmware_version: Unsigned32
    profile_id: Unsigned16 = SMART_ENERGY
    boot_time_s: Seconds = 3.0
    cbke: CbkeTable = CbkeTable()
    endpoint: Endpoint

    _name: str = PrivateAttr(default="")
    _path: Path = PrivateAttr(default=Path())

    @property
    def name(self) -> str:
        """What users call it: the file's name without `.toml`."""
        return self._name

    @property
    def path(self) -> Path:
        """The file it was read from."""
        return self._path

    @property
    def boot_time(self) -> int:
        """µs from power to the first frame."""
        return seconds(self.boot_time_s)

    @property
    def node_type(self) -> NodeType:
        """What it is to the network."""
        return NodeType.COORDINATOR

    @property
    def mains_powered(self) -> bool:
        """Whether it needs no battery."""
        return True

    @property
    def has_ota(self) -> bool:
        """Whether its endpoint shows the OTA cluster at all, as client or as server."""
        return OTA_CLUSTER in (*self.endpoint.in_clusters, *self.endpoint.out_clusters)

    def simple_descriptor(self) -> SimpleDescriptor:
        """The endpoint as a stack wants it."""
        return self.endpoint.descriptor(self.profile_id)

    def named(self, path: Path) -> Self:
        """The same, knowing the file that it came from."""
        copy = self.model_copy()
        copy._name, copy._path = path.stem, path
        return copy

    def changed(self, **values: object) -> Self:
        """The same with some keys replaced, as an option of a run does."""
        return self.model_copy(update=values)

    @property
    def han_device_type(self) -> HanDeviceType:
        """What CCS01 calls it: a bridge is a PPMID there (MP170); a hub's radio is that of the GPF."""
        return HanDeviceType[{"bridge": "PPMID", "hub": "GPF"}.get(self.kind, self.kind.upper())]

    def facts(self) -> dict[str, Any]:
        """Everything in it, JSON-ready."""
        named = {"name": self.name, "file": str(self.path)}
        return named | self.model_dump(mode="json") | {"firmware_version": f"{self.firmware_version:08X}"}


class MemberProfile(DeviceProfile):
    """Whatever joins a HAN."""

    traffic: Annotated[tuple[TrafficTable, ...], Field(strict=False)] = ()
    power: Power
    node: Literal["router", "sleepy"] = "router"
    poll_interval_s: Annotated[float, Field(gt=0, le=3_600)] = 1.0
    install_code: InstallCode | None = None

    @property
    def node_type(self) -> NodeType:
        return NodeType(self.node)

    @property
    def mains_powered(self) -> bool:
        return self.power != "battery"

    @property
    def poll_interval(self) -> int:
        """µs between the polls of a sleepy device."""
        return seconds(self.poll_interval_s)

    def install_code_octets(self) -> bytes | None:
        """The install code without its CRC; None where one is generated for each run."""
        return None if self.install_code is None else bytes.fromhex(self.install_code)


class LightProfile(MemberProfile):
    """A device around the bridges: it joins, shows its descriptors and has traffic with the hub, and nothing more."""

    kind: Literal["esme", "gsme", "ihd", "cad", "hcalcs"]
    meter: MeterTable | None = None


class JoinerProfile(MemberProfile):
    """A bridge or a PPMID: joins a HAN as a PPMID, and its firmware is updated there."""

    kind: Literal["bridge", "ppmid"]
    image_type: Unsigned16
    verify_time_s: Seconds = 2.0
    activation_time_s: Seconds = 5.0
    ota: OtaClientTable = OtaClientTable()
    signature: Signature = Signature()
    gbcs: GbcsTable = GbcsTable()
    battery: BatteryTable | None = None

    @model_validator(mode="after")
    def _fed_by_it(self) -> Self:
        if self.battery is not None and self.power != "battery":
            raise ValueError('battery: goes with power = "battery" only')
        return self

    @property
    def verify_time(self) -> int:
        """µs for checking a downloaded image."""
        return seconds(self.verify_time_s)

    @property
    def activation_time(self) -> int:
        """µs for writing a checked image into place, before it boots."""
        return seconds(self.activation_time_s)


class HubProfile(DeviceProfile):
    """A communications hub: forms the HAN, is its trust centre and serves firmware."""

    kind: Literal["hub"]
    gpf: Endpoint | None = None
    ota: OtaServerTable = OtaServerTable()

    @property
    def serves_bridges(self) -> bool:
        """Whether it has firmware for PPMIDs and hence for bridges."""
        return self.has_ota and "ppmid" in self.ota.serves
