"""What passes between messaging, its channels and those who send through it: nouns, no verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vyapar.kernel.phrases import phrase


class Channel(StrEnum):
    """A way to reach a person."""

    WHATSAPP = "whatsapp"
    SMS = "sms"
    EMAIL = "email"


#: What people call them, for the middle of a sentence.
CHANNEL_NAMES = {
    Channel.WHATSAPP: phrase("WhatsApp"),
    Channel.SMS: phrase("SMS"),
    Channel.EMAIL: phrase("E-mail"),
}


class DeliveryStatus(StrEnum):
    """What became of a message after the far side took it.

    Updates arrive in any order and more than once: `read` may come before `delivered`.
    """

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CLICKED = "clicked"
    REPLIED = "replied"


class ErrorPlan(StrEnum):
    """What to do about an error of a far side, from the channel's own error table.

    `retry`: the same message may be repeated soon; `back_off`: repeat only after the wait the far
    side names; `other_channel`: this recipient is not reached here, try another way; `suppress`:
    never send to this recipient on this channel again; `stop_template`: the template is at fault,
    no message of it will pass; `halt_campaign`: the account or its standing is at fault, stop all
    sending on this channel; `never`: this message will never pass as it is written.
    """

    RETRY = "retry"
    BACK_OFF = "back_off"
    OTHER_CHANNEL = "other_channel"
    SUPPRESS = "suppress"
    STOP_TEMPLATE = "stop_template"
    HALT_CAMPAIGN = "halt_campaign"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail: its name, media type (`text/csv`) and bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to one recipient, ready to hand over.

    `to` is a phone number with country code (`919812345678`, a leading + is allowed) or an e-mail
    address. `template` is the WhatsApp template name or the DLT content template id; `language` its
    code (`en`, `hi`). `parameters` fill `{{1}}`, `{{2}}`… in order; `buttons` are the payloads of
    quick-reply buttons in order. `body_text` is the finished text for SMS, plain e-mail and
    WhatsApp replies inside the 24-hour window. `headers` are extra e-mail headers, `attachments`
    its files. `key` names the intent: it becomes the SMS reference and the e-mail Message-ID, so the
    same key is the same message. `callback_data` (at most 512 characters; `key` when empty) comes back
    in webhooks and is how a hand-over whose answer was lost is recognised.
    """

    channel: Channel
    to: str
    key: str
    template: str = ""
    language: str = "en"
    parameters: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    body_text: str = ""
    subject: str = ""
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    callback_data: str = ""


@dataclass(frozen=True, slots=True)
class Handed:
    """The far side took a message. `status` is its own word (`accepted`, `paused`, …)."""

    provider_id: str
    status: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """One step in the life of a message, as the far side reports it.

    `error_code` is the far side's own code (`131026`); `account` our number, header or address that
    it was sent from; `category` and `billable` what the far side says it charges for (None: it
    does not say); `detail` the button payload of a click.
    """

    provider_id: str
    status: DeliveryStatus
    at: datetime
    error_code: str = ""
    error_title: str = ""
    recipient: str = ""
    simulated: bool = False
    callback_data: str = ""
    account: str = ""
    category: str = ""
    billable: bool | None = None
    detail: str = ""

    @property
    def identity(self) -> str:
        """The same step reported twice has the same identity."""
        return f"{self.provider_id}:{self.status}"


@dataclass(frozen=True, slots=True)
class InboundText:
    """What a person wrote, tapped or sent back. `provider_id` is unique: use it to drop repeats.

    `reply_to` is the provider id of our message it answers, when the far side says so; `payload`
    the payload of a tapped button or the items of an order as JSON; `kind` is `text`, `button`,
    `order`, `reaction` or the far side's word for a medium (`image`, `document`, …).
    """

    from_: str
    text: str
    at: datetime
    provider_id: str
    reply_to: str = ""
    payload: str = ""
    kind: str = "text"
    account: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class PreferenceChange:
    """A person used WhatsApp's own switch to stop or resume marketing messages from us."""

    from_: str
    marketing_allowed: bool
    at: datetime
    account: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """The far side changed a template's standing. `status` is its own word in upper case."""

    provider_id: str
    name: str
    language: str
    status: str
    reason: str
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSpec:
    """A message template as the far side knows it.

    `category` is `MARKETING`, `UTILITY` or `AUTHENTICATION`; `body` holds `{{1}}`, `{{2}}`…;
    `examples` one sample value for each; `buttons` the labels of quick-reply buttons in order.
    """

    name: str
    language: str
    category: str
    body: str
    examples: tuple[str, ...] = ()
    footer: str = ""
    buttons: tuple[str, ...] = ()
    status: str = ""
    provider_id: str = ""
    reason: str = ""
