# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scalar settings of the broker: one table for the schema, the environment and config.xml.

Every setting is an environment variable of the broker (the vendor's names, so a configOverride written for the
vendor's operator finds them), and config.xml refers to it by a placeholder. Bounds are those of the broker's own
config.xsd; one without an upper bound takes any 64-bit number. Source of names and defaults: the vendor's chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Value: TypeAlias = "int | bool | str"


@dataclass(frozen=True)
class Setting:
    """One setting: `spec.<group>.<field>`, environment variable `env`, element `xml` of config.xml."""

    group: Literal["restrictions", "mqtt", "security"]
    field: str
    env: str
    xml: tuple[str, ...]
    default: Value
    text: str
    minimum: int | None = None
    maximum: int | None = None
    enum: tuple[str, ...] = ()
    community: bool = True

    def environment_value(self, value: Value) -> str:
        """The value as the broker reads it."""
        return str(value).lower() if isinstance(value, bool) else str(value)


_INT31 = 2**31 - 1

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "restrictions",
        "maxClientIdLength",
        "HIVEMQ_MAX_CLIENT_ID_LENGTH",
        ("max-client-id-length",),
        65535,
        "Longest client id a broker accepts, in UTF-8 bytes.",
        1,
        65535,
    ),
    Setting(
        "restrictions",
        "maxTopicLength",
        "HIVEMQ_MAX_TOPIC_LENGTH",
        ("max-topic-length",),
        65535,
        "Longest topic a broker accepts, in UTF-8 bytes.",
        1,
        65535,
    ),
    Setting(
        "restrictions",
        "maxConnections",
        "HIVEMQ_MAX_CONNECTIONS",
        ("max-connections",),
        -1,
        "Most connections one broker accepts; -1 means no limit of its own (a licence's limit still holds).",
        -1,
    ),
    Setting(
        "restrictions",
        "incomingBandwidthThrottling",
        "HIVEMQ_INCOMING_BANDWIDTH_THROTTLING",
        ("incoming-bandwidth-throttling",),
        0,
        "Most bytes per second one broker reads from all its clients together; 0 means no limit.",
        0,
    ),
    Setting(
        "restrictions",
        "noConnectIdleTimeout",
        "HIVEMQ_NO_CONNECT_IDLE_TIMEOUT",
        ("no-connect-idle-timeout",),
        10000,
        "Milliseconds a TCP connection may stay open without an MQTT CONNECT.",
        1,
        _INT31,
    ),
    Setting(
        "mqtt",
        "sessionExpiryInterval",
        "HIVEMQ_SESSION_EXPIRY_INTERVAL",
        ("session-expiry", "max-interval"),
        4294967295,
        "Longest time a session outlives its connection, in seconds; 4294967295 means for ever.",
        0,
        4294967295,
    ),
    Setting(
        "mqtt",
        "messageExpiryMaxInterval",
        "HIVEMQ_MESSAGE_EXPIRY_MAX_INTERVAL",
        ("message-expiry", "max-interval"),
        4294967296,
        "Longest time a message is kept, in seconds; 4294967296 means for ever.",
        0,
        4294967296,
    ),
    Setting(
        "mqtt",
        "maxPacketSize",
        "HIVEMQ_MAX_PACKET_SIZE",
        ("packets", "max-packet-size"),
        268435460,
        "Largest MQTT packet a broker accepts, in bytes.",
        1,
        268435460,
    ),
    Setting(
        "mqtt",
        "serverReceiveMaximum",
        "HIVEMQ_SERVER_RECEIVE_MAXIMUM",
        ("receive-maximum", "server-receive-maximum"),
        10,
        "Most QoS 1 and 2 messages of one client a broker handles at the same time.",
        1,
        65535,
    ),
    Setting(
        "mqtt",
        "keepaliveMax",
        "HIVEMQ_KEEPALIVE_MAX",
        ("keep-alive", "max-keep-alive"),
        65535,
        "Longest keep alive a client may ask for, in seconds.",
        1,
        65535,
    ),
    Setting(
        "mqtt",
        "keepaliveAllowUnlimited",
        "HIVEMQ_KEEPALIVE_ALLOW_UNLIMITED",
        ("keep-alive", "allow-unlimited"),
        True,
        "Whether a client may switch keep alive off by asking for 0 seconds.",
    ),
    Setting(
        "mqtt",
        "topicAliasEnabled",
        "HIVEMQ_TOPIC_ALIAS_ENABLED",
        ("topic-alias", "enabled"),
        True,
        "Whether clients may use topic aliases (MQTT 5).",
    ),
    Setting(
        "mqtt",
        "topicAliasMaxPerClient",
        "HIVEMQ_TOPIC_ALIAS_MAX_PER_CLIENT",
        ("topic-alias", "max-per-client"),
        5,
        "Most topic aliases of one client.",
        1,
        65535,
    ),
    Setting(
        "mqtt",
        "subscriptionIdentifierEnabled",
        "HIVEMQ_SUBSCRIPTION_IDENTIFIER_ENABLED",
        ("subscription-identifier", "enabled"),
        True,
        "Whether clients may use subscription identifiers (MQTT 5).",
    ),
    Setting(
        "mqtt",
        "wildcardSubscriptionEnabled",
        "HIVEMQ_WILDCARD_SUBSCRIPTION_ENABLED",
        ("wildcard-subscriptions", "enabled"),
        True,
        "Whether clients may subscribe with the wildcards + and #.",
    ),
    Setting(
        "mqtt",
        "sharedSubscriptionEnabled",
        "HIVEMQ_SHARED_SUBSCRIPTION_ENABLED",
        ("shared-subscriptions", "enabled"),
        True,
        "Whether clients may use shared subscriptions ($share/...).",
    ),
    Setting(
        "mqtt",
        "retainedMessagesEnabled",
        "HIVEMQ_RETAINED_MESSAGES_ENABLED",
        ("retained-messages", "enabled"),
        True,
        "Whether clients may publish retained messages.",
    ),
    Setting(
        "mqtt",
        "maxQos",
        "HIVEMQ_MAX_QOS",
        ("quality-of-service", "max-qos"),
        2,
        "Highest quality of service clients may publish with.",
        0,
        2,
    ),
    # The variable is singular and the field plural: the vendor's names, which existing overrides rely on.
    Setting(
        "mqtt",
        "queuedMessagesMaxQueueSize",
        "HIVEMQ_QUEUED_MESSAGE_MAX_QUEUE_SIZE",
        ("queued-messages", "max-queue-size"),
        1000,
        "Most messages queued for one client that is offline or slow.",
        0,
    ),
    Setting(
        "mqtt",
        "queuedMessageStrategy",
        "HIVEMQ_QUEUED_MESSAGE_STRATEGY",
        ("queued-messages", "strategy"),
        "discard",
        "What happens to a message for a client whose queue is full: discard drops the new message, "
        "discard-oldest the oldest one.",
        enum=("discard", "discard-oldest"),
    ),
    Setting(
        "security",
        "allowEmptyClientId",
        "HIVEMQ_ALLOW_EMPTY_CLIENT_ID",
        ("allow-empty-client-id", "enabled"),
        True,
        "Whether clients may connect without a client id and get one from the broker.",
    ),
    Setting(
        "security",
        "payloadFormatValidation",
        "HIVEMQ_PAYLOAD_FORMAT_VALIDATION",
        ("payload-format-validation", "enabled"),
        False,
        "Whether payloads declared as UTF-8 are checked to be UTF-8.",
    ),
    Setting(
        "security",
        "topicFormatValidation",
        "HIVEMQ_TOPIC_FORMAT_VALIDATION",
        ("utf8-validation", "enabled"),
        True,
        "Whether topics and client ids are checked to be well-formed UTF-8.",
    ),
    Setting(
        "security",
        "allowRequestProblemInformation",
        "HIVEMQ_ALLOW_REQUEST_PROBLEM_INFORMATION",
        ("allow-request-problem-information", "enabled"),
        True,
        "Whether clients may ask for reason strings in answers (MQTT 5).",
    ),
    Setting(
        "security",
        "controlCenterAuditLogEnabled",
        "HIVEMQ_CONTROL_CENTER_AUDIT_LOG_ENABLED",
        ("control-center-audit-log", "enabled"),
        True,
        "Whether the control centre writes an audit log. Enterprise images only.",
        community=False,
    ),
)

GROUPS: tuple[str, ...] = ("restrictions", "mqtt", "security")


def settings_of(group: str) -> tuple[Setting, ...]:
    """The settings below `spec.<group>`, in the order of the table."""
    return tuple(setting for setting in SETTINGS if setting.group == group)
