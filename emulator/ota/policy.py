"""How a server hands images out, and how it misbehaves on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emulator.core.clock import DAY, HOUR, SECOND
from emulator.ota.rules import Rule
from emulator.zigbee.clusters.ota import NotifyPayload
from emulator.zigbee.frames.zcl_status import Status


class Activation(Enum):
    """The upgrade time that a server gives."""

    NOW = "now"
    LATER = "later"
    WAIT = "wait"


class ServerMisdeed(Enum):
    """What a server can do wrong; the occasion that its scope counts, and what `value` means."""

    IGNORE_QUERY = "ignore-query"
    """Each query: no answer."""
    REFUSE_QUERY = "refuse-query"
    """Each query: answer status `value`."""
    IGNORE_BLOCK_REQUEST = "ignore-block-request"
    """Each block request: no answer."""
    DELAY_BLOCK = "delay-block"
    """Each block request: answer WAIT_FOR_DATA, `value` seconds."""
    ABORT_BLOCK = "abort-block"
    """Each block request: answer ABORT."""
    WRONG_OFFSET = "wrong-offset"
    """Each block: of the place `value` octets further on."""
    SHORT_BLOCK = "short-block"
    """Each block: only `value` octets of it."""
    FLIP_BIT = "flip-bit"
    """Each block: the lowest bit of its octet `value` is flipped."""
    DROP_PAGE_BLOCK = "drop-page-block"
    """Each block of a page: not sent."""
    IGNORE_UPGRADE_END = "ignore-upgrade-end"
    """Each Upgrade End: no answer."""


@dataclass(frozen=True, slots=True)
class ServerPolicy:
    """The rules of one server.  Times are µs unless the name says otherwise.

    Attributes:
        block_octets: largest block that is sent, whatever is asked for.
        image_limit_octets: larger images are refused (`image-too-large`).
        image_blocks: images held at a time; a further one overwrites the oldest.
        nothing_status: answer to a query when nothing is for that device.
        offer_not_newer: offer an image although it is not newer than what the client runs.
        check_hardware: compare the query's hardware version with the image's range.
        offers_after_delivery: how often a client that got an image is offered it again while it still runs an older
            one.
        page_requests: serve image pages; else UNSUP_CLUSTER_COMMAND.
        page_spacing_floor_ms: blocks of a page follow each other no faster.
        min_block_period_ms: slow down clients that ask more often; 0 = do not.
        pace_in_seconds: slow down clients that know no minimum block period too, by WAIT_FOR_DATA, whole seconds.
        activation, activation_delay_s: the upgrade time given.
        wildcards: answer Upgrade End with all ones for manufacturer, image type and version.
        tells_time: give ZCL UTCTime; else a current time of 0, from which the other time counts.
        notify_payload, notify_jitter: of Image Notify.
        notify_retries, notify_interval: how often, and after how long, a client that has not asked is notified again.
        session_idle: after so long a silence a session ends (`client-silent`); the offer stands.
        sessions: sessions kept; the longest idle one goes first.
        offer_lifetime: after so long an offer ends for those that have not fetched it (`offer-expired`).
        rules: what it does wrong on purpose.
    """

    block_octets: int = 64
    image_limit_octets: int = 768_000
    image_blocks: int = 1
    nothing_status: Status = Status.NOT_AUTHORIZED
    offer_not_newer: bool = False
    check_hardware: bool = True
    offers_after_delivery: int = 3
    page_requests: bool = True
    page_spacing_floor_ms: int = 10
    min_block_period_ms: int = 0
    pace_in_seconds: bool = True
    activation: Activation = Activation.NOW
    activation_delay_s: int = 0
    wildcards: bool = False
    tells_time: bool = True
    notify_payload: NotifyPayload = NotifyPayload.JITTER
    notify_jitter: int = 100
    notify_retries: int = 5
    notify_interval: int = 30 * SECOND
    session_idle: int = 2 * HOUR
    sessions: int = 64
    offer_lifetime: int = 7 * DAY
    rules: tuple[Rule[ServerMisdeed], ...] = ()
