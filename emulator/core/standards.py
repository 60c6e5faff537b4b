"""The open questions of the standards, each a named switch with a default: assumptions, never the specification.

`SWITCHES` is the whole list that `althan standards` prints.  A run holds one `Standards`: the defaults and what the
user set.  A switch stands here only when something in the program obeys it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.core.errors import BadInput

Setting = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Switch:
    """One open question.

    Attributes:
        name: as in `--set NAME=VALUE`.
        default: its value when nobody says otherwise; its type is the switch's type.
        allowed: the words allowed (text switches), or the closed range (numbers); empty for on/off.
        why: what is open, and why the default was chosen.
        source: where the default comes from.
    """

    name: str
    default: Setting
    allowed: tuple[Setting, ...]
    why: str
    source: str

    def allowed_text(self) -> str:
        """The allowed values in words."""
        if isinstance(self.default, bool):
            return "true, false"
        if isinstance(self.default, str):
            return ", ".join(str(word) for word in self.allowed)
        return f"{self.allowed[0]} to {self.allowed[1]}"

    def parse(self, text: str) -> Setting:
        """Read a value from the command line; BadInput names the switch and what is allowed."""
        try:
            return self.check(self._convert(text.strip()))
        except ValueError as error:
            raise self._refusal(text) from error

    def check(self, value: object) -> Setting:
        """The value itself if the switch allows it; BadInput otherwise."""
        if isinstance(self.default, bool) or isinstance(value, bool):
            fits = isinstance(self.default, bool) and isinstance(value, bool)
        elif isinstance(self.default, str):
            fits = value in self.allowed
        elif isinstance(self.default, float):
            fits = isinstance(value, int | float) and self._in_range(value)
        else:
            fits = isinstance(value, int) and self._in_range(value)
        if not fits or not isinstance(value, int | float | str):
            raise self._refusal(value)
        return float(value) if isinstance(self.default, float) else value

    def _convert(self, text: str) -> Setting:
        if isinstance(self.default, bool):
            words: dict[str, bool] = {"true": True, "false": False, "on": True, "off": False}
            if text.lower() not in words:
                raise ValueError(text)
            return words[text.lower()]
        if isinstance(self.default, int):
            return int(text, 0)
        return float(text) if isinstance(self.default, float) else text

    def _in_range(self, value: float) -> bool:
        low, high = self.allowed
        return not isinstance(low, str) and not isinstance(high, str) and low <= value <= high

    def _refusal(self, value: object) -> BadInput:
        return BadInput(f"{value!r} is not a value of it", where=f"standard {self.name}", allowed=self.allowed_text())


SWITCHES: tuple[Switch, ...] = (
    Switch(
        "limits.image_octets",
        768_000,
        (60, 2**32 - 1),
        "MP170 says 750 KB, not whether decimal or binary, nor whether with the header: 750 x 1024 octets, whole file.",
        "assumption; SEC modification MP170 gives 750 KB",
    ),
    Switch(
        "limits.type1_devices",
        6,
        (1, 16),
        "Type 1 devices (PPMID, HCALCS, bridges) that one hub takes.",
        "MP170, DCC assessment",
    ),
    Switch(
        "hub.image_blocks",
        1,
        (1, 16),
        "Images a hub holds at a time for PPMIDs, HCALCS and bridges; a newer one overwrites the oldest.",
        "MP170 3.2.2 (shared block); number assumed",
    ),
    Switch(
        "ota_aps_security",
        default=True,
        allowed=(),
        why="Whether the OTA cluster runs under the APS link key in Great Britain.",
        source="assumption; one hub emulator does, Smart Energy asks for it",
    ),
    Switch(
        "ota_aps_acks",
        default=True,
        allowed=(),
        why="Whether OTA messages ask for APS acknowledgements.",
        source="assumption",
    ),
    Switch(
        "ota_block_octets",
        50,
        (1, 255),
        "Data octets a bridge asks for in one block; GBCS's own rule was not found.",
        "assumption; what OTA servers in the field allow",
    ),
    Switch(
        "ota_activation",
        "now",
        ("now", "wait"),
        "The upgrade time a hub gives a bridge at Upgrade End: 0 = now, or 0xFFFFFFFF = wait for another command.",
        "assumption; SECMP0007: the hub manages the activation, there is no CS06",
    ),
    Switch(
        "ota_poll_hours",
        24.0,
        (0.0, 8760.0),
        "Hours between a bridge's own queries for an image, with jitter; 0 = only at start-up and on Image Notify.",
        "assumption",
    ),
    Switch(
        "image_signature",
        "profile",
        ("profile", "none"),
        "Whether bridges check the manufacturer's signature that their profile asks for; its form is our own.",
        "assumption; GBCS has no signature in a PPMID image",
    ),
    Switch(
        "gbcs_transport",
        "tunnelling",
        ("tunnelling", "none"),
        "How GBCS messages reach a bridge: the Tunnelling cluster, bridge as client; MP170 says bridges have none.",
        "assumption; open contradiction between MP170 and GBCS",
    ),
    Switch(
        "gbcs_get_interval",
        30.0,
        (0.0, 86_400.0),
        "Seconds between a bridge's GETs on its tunnel; 0 = the hub may PUT instead.",
        "assumption; GET and PUT as one hub emulator has them for the GSME",
    ),
    Switch(
        "tunnel_max_transfer",
        1_500,
        (64, 65_535),
        "Largest message, in octets, that a tunnel takes.",
        "one hub emulator",
    ),
    Switch(
        "cs08_repeats",
        default=True,
        allowed=(),
        why="Whether a bridge answers a CS08 command whose counter it has seen; a read does no harm.",
        source="assumption; GBCS wording not found",
    ),
    Switch(
        "cs09_version_on_failure",
        "running",
        ("running", "failed"),
        "The version that alert 0x8F8B carries when activation failed: the one still running, or the one that failed.",
        "assumption; GBCS wording not found",
    ),
    Switch(
        "credentials.authority",
        "acb",
        ("acb", "supplier"),
        "Who may replace a bridge's credentials beside recovery and contingency: the Access Control Broker alone, or a "
        "supplier its own and the root's as well; the table of a PPMID's trust anchors was not found.",
        "assumption; the broker is a PPMID's known remote party in RTDS 4.5.0",
    ),
    Switch(
        "credentials.time_checks",
        default=True,
        allowed=(),
        why="Whether devices check that new certificates are valid at the time; the published ones have expired.",
        source="assumption; a Command can leave them out (GBCS v0.8.1)",
    ),
    Switch(
        "unsupported_alert",
        default=False,
        allowed=(),
        why="Whether a bridge raises alert 0x8F85 for a Command of the broker that it does not know, or only logs it.",
        source="assumption; RTDS 4.5.0 has that alert for meters",
    ),
    Switch(
        "cbke_repeated_initiate",
        "restart",
        ("restart", "refuse"),
        "What a responder does when its partner initiates anew in the midst of a key establishment.",
        "assumption; sources do not settle it, and a partner that lost its power has to begin anew",
    ),
    Switch(
        "cbke.join_limit_minutes",
        20.0,
        (0.0, 1_440.0),
        "Minutes in which a device must finish key establishment once it joined, or it must leave; 0 = no limit.",
        "Smart Energy as others quote it: a trust centre may remove such a device, after 20 min at most",
    ),
    Switch(
        "cbke.time_checks",
        default=True,
        allowed=(),
        why="Whether both ends of a key establishment refuse a certificate of suite 2 outside its dates; a joiner may "
        "have no clock yet, and what hubs in Great Britain do is not known.",
        source="assumption; two implementations do not look at the dates",
    ),
    Switch(
        "keys.method",
        "trust-centre-link",
        ("trust-centre-link", "link-table"),
        "Where a joiner on a real stick puts the link key that it established with its trust centre: in the place of "
        "its trust centre link key (importKey), or into the key table (importLinkKey).",
        "assumption; what EmberZNet makes of either for a device on the network no source says",
    ),
    Switch(
        "swap_out.bridges",
        "mp170",
        ("mp170", "tunnelling"),
        "What bridges show of themselves: no Tunnelling cluster, as MP170 has it, so that a hub whose device log was "
        "restored takes them for IHDs and has no firmware for them; or that cluster, and they stay PPMIDs.",
        "MP170, DCC assessment; that they can still carry GBCS in a tunnel they do not show is an assumption",
    ),
    Switch(
        "swap_out.keep_alive_failures",
        3,
        (1, 255),
        "Reads of the trust centre's Keep-Alive cluster that fail in a row before a device looks for another one.",
        "assumption; general knowledge of the Keep-Alive cluster",
    ),
    Switch(
        "premises.p2p_link",
        "zigbee",
        ("zigbee", "modelled"),
        "What links a pair of bridges: an ordinary ZigBee hop, or a link of its own beside the air, with the rate, "
        "latency and loss that the premises give.",
        "assumption; the link inside a pair is described nowhere",
    ),
)

_BY_NAME = {switch.name: switch for switch in SWITCHES}


def switch_named(name: str) -> Switch:
    """The switch; BadInput names the nearest ones for a name that does not exist."""
    found = _BY_NAME.get(name)
    if found is None:
        raise BadInput(f"no standard is called {name!r}", where="--set", allowed=", ".join(sorted(_BY_NAME)))
    return found


class Standards:
    """The value of every switch in one run."""

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        self._values = {name: switch.default for name, switch in _BY_NAME.items()}
        for name, value in (settings or {}).items():
            self._values[name] = switch_named(name).check(value)

    @classmethod
    def parse(cls, assignments: tuple[str, ...] | list[str]) -> Standards:
        """From `NAME=VALUE` texts, as `--set` takes them."""
        settings: dict[str, object] = {}
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            if not equals:
                raise BadInput(f"{assignment!r} is no assignment", where="--set", allowed="NAME=VALUE")
            settings[name.strip()] = switch_named(name.strip()).parse(text)
        return cls(settings)

    def number(self, name: str) -> int:
        """The value of a whole-number switch."""
        value = self._values[name]
        assert isinstance(value, int)
        return value

    def amount(self, name: str) -> float:
        """The value of a number switch."""
        value = self._values[name]
        assert isinstance(value, float)
        return value

    def on(self, name: str) -> bool:
        """The value of an on/off switch."""
        value = self._values[name]
        assert isinstance(value, bool)
        return value

    def word(self, name: str) -> str:
        """The value of a text switch."""
        value = self._values[name]
        assert isinstance(value, str)
        return value

    def non_defaults(self) -> dict[str, Setting]:
        """What differs from the defaults, for `summary.json`."""
        return {name: value for name, value in self._values.items() if value != _BY_NAME[name].default}

    def replaced(self, settings: Mapping[str, object]) -> Standards:
        """The same, with some set anew."""
        return Standards({**self.non_defaults(), **settings})
