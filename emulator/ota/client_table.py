"""The client's states, what can happen in them, and what follows: data only."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table
from emulator.zigbee.clusters.ota import ImageUpgradeStatus


class ClientState(Enum):
    """Where the client stands."""

    OFF = "off"
    SEEKING = "seeking"
    """No OTA server found yet."""
    IDLE = "idle"
    QUERYING = "querying"
    DOWNLOADING = "downloading"
    """A block or page request is out."""
    PACED = "paced"
    """Between blocks, because the server or a setting says so."""
    VERIFYING = "verifying"
    """The device is checking the complete image."""
    ENDING = "ending"
    """Upgrade End with SUCCESS is out."""
    REFUSING = "refusing"
    """Upgrade End with another status is out."""
    WAITING = "waiting"
    """Told to wait with the activation."""
    EXTERNAL = "external"
    """Waiting for what the out-of-band activation policy means."""
    COUNT_DOWN = "count-down"
    """Told when to activate."""
    MORE = "more"
    """Other images are needed before this one can be activated."""
    ACTIVATING = "activating"
    """The device is activating and will restart."""


class Trigger(Enum):
    """What can happen; grouped by who does it."""

    STARTED = "started"
    STOPPED = "stopped"
    SERVER_FOUND = "server-found"
    QUERY_NOW = "query-now"
    FETCH = "fetch"
    VERIFIED = "verified"
    VERIFY_FAILED = "verify-failed"
    MORE_NEEDED = "more-needed"
    RELEASED = "released"
    ACTIVATED = "activated"
    ACTIVATION_FAILED = "activation-failed"
    STORE_FAILED = "store-failed"

    TIMEOUT = "timeout"
    SPENT = "spent"
    """The timer fell due, and as often as the settings allow."""
    SPENT_APPLY = "spent-apply"
    """The same, and the timeout policy says to activate."""
    SEND_FAILED = "send-failed"

    NOTIFIED = "notified"
    OFFERED = "offered"
    """An image that we take."""
    OFFER_UNFIT = "offer-unfit"
    """An image that we do not take."""
    DEFERRED = "deferred"
    """An image that we would take, but not now."""
    NO_OFFER = "no-offer"
    STORED = "stored"
    """A block that was due; more to come."""
    RATE_LIMITED = "rate-limited"
    """The same, but the minimum block period since the last request is not over."""
    PAGE_BLOCK = "page-block"
    """A block of a page; more of that page to come without asking."""
    COMPLETE = "complete"
    """The block that was the last."""
    FAULTY_BLOCK = "faulty-block"
    """A block that is not the one asked for."""
    FILE_UNFIT = "file-unfit"
    """The file's own header is not that of the offer, or not for this device."""
    TOLD_TO_WAIT = "told-to-wait"
    WAIT_LIMIT = "wait-limit"
    """Told to wait longer than the settings allow."""
    ABORTED = "aborted"
    PAGE_UNSUPPORTED = "page-unsupported"
    DENIED = "denied"
    """A Default Response with an error."""
    CONFIRMED = "confirmed"
    """A Default Response with SUCCESS."""
    GO_NOW = "go-now"
    GO_LATER = "go-later"
    GO_WAIT = "go-wait"
    GO_EXTERNAL = "go-external"
    """An Upgrade End Response, while the activation policy is out-of-band."""

    ABANDON = "abandon"
    """The following three are misdeeds: break off."""
    END_EARLY = "end-early"
    FALL_SILENT = "fall-silent"


LOCAL_TRIGGERS: Final = frozenset(
    (
        Trigger.STARTED,
        Trigger.STOPPED,
        Trigger.SERVER_FOUND,
        Trigger.QUERY_NOW,
        Trigger.FETCH,
        Trigger.VERIFIED,
        Trigger.VERIFY_FAILED,
        Trigger.MORE_NEEDED,
        Trigger.RELEASED,
        Trigger.ACTIVATED,
        Trigger.ACTIVATION_FAILED,
        Trigger.STORE_FAILED,
        Trigger.TIMEOUT,
        Trigger.SPENT,
        Trigger.SPENT_APPLY,
        Trigger.ABANDON,
        Trigger.END_EARLY,
        Trigger.FALL_SILENT,
    )
)
"""Those that are our own device's doing; where one has no row, the device is at fault."""


class Action(Enum):
    """What the client does; `client_actions.ACTIONS` has the code."""

    RESET = "reset"
    STOP = "stop"
    SEEK = "seek"
    FOUND = "found"
    MOVED = "moved"
    IGNORE = "ignore"
    IGNORE_NOTIFY = "ignore-notify"
    QUERY = "query"
    QUERY_AGAIN = "query-again"
    FETCH = "fetch"
    BEGIN = "begin"
    REFUSE_OFFER = "refuse-offer"
    DEFER = "defer"
    REST = "rest"
    NO_ANSWER = "no-answer"
    GIVE_UP = "give-up"
    FAIL = "fail"
    REQUEST = "request"
    REQUEST_AGAIN = "request-again"
    BACK_OFF = "back-off"
    AWAIT_BLOCK = "await-block"
    PACE = "pace"
    WITHOUT_PAGES = "without-pages"
    VERIFY = "verify"
    END = "end"
    END_AGAIN = "end-again"
    END_BADLY = "end-badly"
    END_BADLY_AGAIN = "end-badly-again"
    SILENCE = "silence"
    ASK_FOR_MORE = "ask-for-more"
    HOLD = "hold"
    HOLD_ON = "hold-on"
    ASK_TO_ACTIVATE = "ask-to-activate"
    AWAIT_RELEASE = "await-release"
    COUNT_DOWN = "count-down"
    ACTIVATE = "activate"
    ACTIVATED = "activated"
    ACTIVATED_OFF = "activated-off"
    ACTIVATION_FAILED = "activation-failed"
    ACTIVATION_FAILED_OFF = "activation-failed-off"


S, T, A = ClientState, Trigger, Action
_Row = Row[ClientState, Action]


def _anywhere(state: ClientState) -> dict[Trigger, _Row]:
    """Rows of every state but OFF."""
    return {
        T.STARTED: Row(A.RESET, S.SEEKING),
        T.STOPPED: Row(A.STOP, S.OFF),
        T.SERVER_FOUND: Row(A.MOVED, state),
        T.NOTIFIED: Row(A.IGNORE_NOTIFY, state),
        T.SEND_FAILED: Row(A.IGNORE, state),
    }


_RECEIVING: Final[dict[Trigger, _Row]] = {
    T.STORED: Row(A.REQUEST, S.DOWNLOADING),
    T.RATE_LIMITED: Row(A.PACE, S.PACED),
    T.PAGE_BLOCK: Row(A.AWAIT_BLOCK, S.DOWNLOADING),
    T.COMPLETE: Row(A.VERIFY, S.VERIFYING),
    T.FILE_UNFIT: Row(A.END_BADLY, S.REFUSING),
    T.STORE_FAILED: Row(A.END_BADLY, S.REFUSING),
    T.TOLD_TO_WAIT: Row(A.PACE, S.PACED),
    T.WAIT_LIMIT: Row(A.GIVE_UP, S.IDLE),
    T.ABORTED: Row(A.GIVE_UP, S.IDLE),
    T.DENIED: Row(A.GIVE_UP, S.IDLE),
}
_TOLD: Final[dict[Trigger, _Row]] = {
    T.GO_NOW: Row(A.ACTIVATE, S.ACTIVATING),
    T.GO_LATER: Row(A.COUNT_DOWN, S.COUNT_DOWN),
    T.GO_WAIT: Row(A.HOLD, S.WAITING),
    T.GO_EXTERNAL: Row(A.AWAIT_RELEASE, S.EXTERNAL),
}
_ASKING: Final[dict[Trigger, _Row]] = {
    T.NOTIFIED: Row(A.QUERY, S.QUERYING),
    T.QUERY_NOW: Row(A.QUERY, S.QUERYING),
    T.TIMEOUT: Row(A.QUERY, S.QUERYING),
    T.FETCH: Row(A.FETCH, S.QUERYING),
}

TRANSITIONS: Final[Table[ClientState, Trigger, Action]] = {
    S.OFF: {
        T.STARTED: Row(A.RESET, S.SEEKING),
        T.STOPPED: Row(A.STOP, S.OFF),
        T.ACTIVATED: Row(A.ACTIVATED_OFF, S.OFF),
        T.ACTIVATION_FAILED: Row(A.ACTIVATION_FAILED_OFF, S.OFF),
    },
    S.SEEKING: {
        **_anywhere(S.SEEKING),
        T.SERVER_FOUND: Row(A.FOUND, S.IDLE),
        T.TIMEOUT: Row(A.SEEK, S.SEEKING),
        T.NOTIFIED: Row(A.SEEK, S.SEEKING),
    },
    S.IDLE: {
        **_anywhere(S.IDLE),
        **_ASKING,
    },
    S.QUERYING: {
        **_anywhere(S.QUERYING),
        T.OFFERED: Row(A.BEGIN, S.DOWNLOADING),
        T.OFFER_UNFIT: Row(A.REFUSE_OFFER, S.IDLE),
        T.DEFERRED: Row(A.DEFER, S.IDLE),
        T.NO_OFFER: Row(A.REST, S.IDLE),
        T.DENIED: Row(A.REST, S.IDLE),
        T.TIMEOUT: Row(A.QUERY_AGAIN, S.QUERYING),
        T.SPENT: Row(A.NO_ANSWER, S.IDLE),
        T.SEND_FAILED: Row(A.BACK_OFF, S.QUERYING),
    },
    S.DOWNLOADING: {
        **_anywhere(S.DOWNLOADING),
        **_RECEIVING,
        T.FAULTY_BLOCK: Row(A.REQUEST_AGAIN, S.DOWNLOADING),
        T.PAGE_UNSUPPORTED: Row(A.WITHOUT_PAGES, S.DOWNLOADING),
        T.TIMEOUT: Row(A.REQUEST_AGAIN, S.DOWNLOADING),
        T.SPENT: Row(A.GIVE_UP, S.IDLE),
        T.SEND_FAILED: Row(A.BACK_OFF, S.DOWNLOADING),
        T.ABANDON: Row(A.END_BADLY, S.REFUSING),
        T.END_EARLY: Row(A.END, S.ENDING),
        T.FALL_SILENT: Row(A.SILENCE, S.DOWNLOADING),
    },
    S.PACED: {
        **_anywhere(S.PACED),
        **_RECEIVING,
        T.FAULTY_BLOCK: Row(A.IGNORE, S.PACED),
        T.PAGE_UNSUPPORTED: Row(A.IGNORE, S.PACED),
        T.TIMEOUT: Row(A.REQUEST, S.DOWNLOADING),
    },
    S.VERIFYING: {
        **_anywhere(S.VERIFYING),
        T.VERIFIED: Row(A.END, S.ENDING),
        T.VERIFY_FAILED: Row(A.END_BADLY, S.REFUSING),
        T.MORE_NEEDED: Row(A.ASK_FOR_MORE, S.MORE),
    },
    S.ENDING: {
        **_anywhere(S.ENDING),
        **_TOLD,
        T.DENIED: Row(A.GIVE_UP, S.IDLE),
        T.TIMEOUT: Row(A.END_AGAIN, S.ENDING),
        T.SEND_FAILED: Row(A.BACK_OFF, S.ENDING),
        T.SPENT: Row(A.GIVE_UP, S.IDLE),
        T.SPENT_APPLY: Row(A.ACTIVATE, S.ACTIVATING),
    },
    S.REFUSING: {
        **_anywhere(S.REFUSING),
        T.CONFIRMED: Row(A.FAIL, S.IDLE),
        T.DENIED: Row(A.FAIL, S.IDLE),
        T.TIMEOUT: Row(A.END_BADLY_AGAIN, S.REFUSING),
        T.SEND_FAILED: Row(A.BACK_OFF, S.REFUSING),
        T.SPENT: Row(A.FAIL, S.IDLE),
    },
    S.WAITING: {
        **_anywhere(S.WAITING),
        **_TOLD,
        T.GO_WAIT: Row(A.HOLD_ON, S.WAITING),
        T.DENIED: Row(A.GIVE_UP, S.IDLE),
        T.TIMEOUT: Row(A.ASK_TO_ACTIVATE, S.WAITING),
        T.SPENT: Row(A.GIVE_UP, S.IDLE),
        T.SPENT_APPLY: Row(A.ACTIVATE, S.ACTIVATING),
    },
    S.EXTERNAL: {
        **_anywhere(S.EXTERNAL),
        T.RELEASED: Row(A.ACTIVATE, S.ACTIVATING),
    },
    S.COUNT_DOWN: {
        **_anywhere(S.COUNT_DOWN),
        **_TOLD,
        T.TIMEOUT: Row(A.ACTIVATE, S.ACTIVATING),
    },
    S.MORE: {
        **_anywhere(S.MORE),
        **_ASKING,
        T.CONFIRMED: Row(A.IGNORE, S.MORE),
        T.DENIED: Row(A.REST, S.IDLE),
    },
    S.ACTIVATING: {
        **_anywhere(S.ACTIVATING),
        T.ACTIVATED: Row(A.ACTIVATED, S.IDLE),
        T.ACTIVATION_FAILED: Row(A.ACTIVATION_FAILED, S.IDLE),
    },
}

UPGRADE_STATUS: Final[dict[ClientState, ImageUpgradeStatus]] = {
    S.OFF: ImageUpgradeStatus.NORMAL,
    S.SEEKING: ImageUpgradeStatus.NORMAL,
    S.IDLE: ImageUpgradeStatus.NORMAL,
    S.QUERYING: ImageUpgradeStatus.NORMAL,
    S.DOWNLOADING: ImageUpgradeStatus.DOWNLOAD_IN_PROGRESS,
    S.PACED: ImageUpgradeStatus.DOWNLOAD_IN_PROGRESS,
    S.VERIFYING: ImageUpgradeStatus.DOWNLOAD_COMPLETE,
    S.ENDING: ImageUpgradeStatus.DOWNLOAD_COMPLETE,
    S.REFUSING: ImageUpgradeStatus.NORMAL,
    S.WAITING: ImageUpgradeStatus.WAITING_TO_UPGRADE,
    S.EXTERNAL: ImageUpgradeStatus.WAITING_FOR_EXTERNAL_EVENT,
    S.COUNT_DOWN: ImageUpgradeStatus.COUNT_DOWN,
    S.MORE: ImageUpgradeStatus.WAIT_FOR_MORE,
    S.ACTIVATING: ImageUpgradeStatus.COUNT_DOWN,
}
"""The value of the attribute ImageUpgradeStatus in each state."""
