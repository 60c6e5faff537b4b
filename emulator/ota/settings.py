"""What a client is and how it goes about an update; the defaults are a well-behaved bridge."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.clock import DAY, HOUR, MINUTE, SECOND
from emulator.zigbee.clusters.ota import STACK_ZIGBEE_PRO, UpgradeActivationPolicy, UpgradeTimeoutPolicy


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """What images are for this device.

    Attributes:
        manufacturer_code: 16 bits.
        image_type: 16 bits.
        hardware_version: 16 bits; None: not sent in the query, and an image's hardware range is not checked.
        eui64: our address.
        stack_version: ZigBee stack version, 2 for PRO.
    """

    manufacturer_code: int
    image_type: int
    hardware_version: int | None
    eui64: int
    stack_version: int = STACK_ZIGBEE_PRO


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How the client goes about it.  Times are µs unless the name says ms; the limits end what a server could draw out.

    Attributes:
        block_octets: data asked for in one block, 1 to 255.
        page_requests: ask for pages instead of blocks.
        page_octets: octets of a page, 16 bits.
        page_spacing_ms: response spacing asked for in a page, 16 bits.
        page_failures: pages of which nothing came, after which only blocks are asked for.
        min_block_period_ms: first value of the attribute MinimumBlockPeriod, sent in every block request and obeyed;
            None: this client knows no rate limiting, and sends no such field.
        send_node_address: put our EUI-64 into block and page requests.
        image_limit_octets: larger offers are refused (`image-too-large`).
        allow_downgrade: take any version offered.
        refuse_aloud: answer an offer that is not taken with a Default Response.
        response_timeout: from a request to its repetition; in a page from one block to the next.
        send_failed_delay: from a message the stack could not deliver to its repetition.
        retries: repetitions of a block request without progress before giving up for now.
        query_retries: repetitions of a query.
        end_retries: repetitions of Upgrade End while no answer comes.
        find_interval: between searches for a server.
        start_delay, start_jitter: from the server being found to the first query, and up to so much more.
        poll_interval, poll_jitter: between queries, and up to so much more; 0 = only at the start and on notify.
        resume_interval: from giving up to the query that takes the download up again.
        resumes: how often in a row that is done without a new block; then only polls and notifies count.
        waits: WAIT_FOR_DATA in a row.
        wait_limit: time spent on WAIT_FOR_DATA without a new block.
        min_block_period_limit_ms: longest minimum block period obeyed.
        upgrade_wait_interval: between Upgrade End requests while told to wait.
        upgrade_wait_tries: so many of those, then the timeout policy decides; None = for ever.
        count_down_limit: an upgrade time further off counts as `wait`.
        activation_policy: who starts the activation.
        timeout_policy: what follows when nobody does, or Upgrade End stays unanswered.
        image_stamp: value of the attribute ImageStamp.
    """

    block_octets: int = 50
    page_requests: bool = False
    page_octets: int = 1024
    page_spacing_ms: int = 20
    page_failures: int = 3
    min_block_period_ms: int | None = None
    send_node_address: bool = False
    image_limit_octets: int = 768_000
    allow_downgrade: bool = False
    refuse_aloud: bool = True
    response_timeout: int = 5 * SECOND
    send_failed_delay: int = 1 * SECOND
    retries: int = 10
    query_retries: int = 3
    end_retries: int = 3
    find_interval: int = 2 * MINUTE
    start_delay: int = 0
    start_jitter: int = 0
    poll_interval: int = DAY
    poll_jitter: int = HOUR
    resume_interval: int = 5 * MINUTE
    resumes: int = 10
    waits: int = 10_000
    wait_limit: int = DAY
    min_block_period_limit_ms: int = 10_000
    upgrade_wait_interval: int = HOUR
    upgrade_wait_tries: int | None = 3
    count_down_limit: int = 30 * DAY
    activation_policy: UpgradeActivationPolicy = UpgradeActivationPolicy.SERVER
    timeout_policy: UpgradeTimeoutPolicy = UpgradeTimeoutPolicy.APPLY
    image_stamp: int = 0
