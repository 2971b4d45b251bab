# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""config.xml and logback.xml: what is written, and what is read from one."""

from __future__ import annotations

import contextlib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq import config_xml, logback
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.config_xml import XmlError, inspect
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.settings import SETTINGS
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from hypothesis import given
from hypothesis import strategies as st

Make = Callable[..., dict[str, Any]]


def rendered(resource: dict[str, Any]) -> str:
    return config_xml.render(parse(resource).spec)


def test_community_gets_only_what_it_knows(community: Make) -> None:
    root = ET.fromstring(rendered(community()))
    assert root.tag == "hivemq"
    assert {child.tag for child in root} <= config_xml.COMMUNITY_ELEMENTS
    assert root.findtext("anonymous-usage-statistics/enabled") == "false"
    assert root.findtext("listeners/tcp-listener/port") == "${HIVEMQ_MQTT_PORT}"
    assert root.find("security/control-center-audit-log") is None
    for element in root.iter():
        names = [child.tag for child in element]
        assert len(names) == len(set(names)), f"config.xsd takes each element below {element.tag} once"


def test_enterprise_gets_cluster_and_control_centre(resource: Make) -> None:
    root = ET.fromstring(rendered(resource()))
    assert root.findtext("cluster/transport/tcp/bind-port") == "${HIVEMQ_CLUSTER_PORT}"
    assert root.find("cluster/discovery/extension") is not None
    assert root.findtext("cluster/replication/replica-count") == "${HIVEMQ_CLUSTER_REPLICA_COUNT}"
    assert root.findtext("control-center/listeners/http/port") == "${HIVEMQ_CONTROL_CENTER_PORT}"
    assert root.findtext("security/control-center-audit-log/enabled") == "${HIVEMQ_CONTROL_CENTER_AUDIT_LOG_ENABLED}"
    assert root.find("control-center/users") is None, "a placeholder without its variable would stop the broker"


def test_control_centre_users_come_with_their_variables(resource: Make) -> None:
    names = ["HIVEMQ_CONTROL_CENTER_USER", "HIVEMQ_CONTROL_CENTER_PASSWORD"]
    root = ET.fromstring(rendered(resource(env=[{"name": name, "value": "x"} for name in names])))
    assert root.findtext("control-center/users/user/name") == "${HIVEMQ_CONTROL_CENTER_USER}"
    only_one = ET.fromstring(rendered(resource(env=[{"name": names[0], "value": "x"}])))
    assert only_one.find("control-center/users") is None


@pytest.mark.parametrize("kind", ["resource", "community"])
def test_every_placeholder_has_its_variable(kind: str, request: pytest.FixtureRequest) -> None:
    given_resource = request.getfixturevalue(kind)()
    controller = next(item for item in objects(parse(given_resource)) if item["kind"] == "StatefulSet")
    (broker,) = controller["spec"]["template"]["spec"]["containers"]
    variables = {variable["name"] for variable in broker["env"]}
    assert set(inspect(rendered(given_resource)).placeholders) <= variables


def test_every_setting_is_in_the_enterprise_document(resource: Make) -> None:
    root = ET.fromstring(rendered(resource()))
    for setting in SETTINGS:
        assert root.findtext("/".join((setting.group, *setting.xml))) == "${" + setting.env + "}", setting.field


def test_override_takes_the_listeners(community: Make) -> None:
    text = rendered(
        community(
            configOverride="\n<hivemq><listeners>--LISTENER-CONFIGURATION--</listeners></hivemq>",
            listenerConfiguration="<tcp-listener><port>${HIVEMQ_MQTT_PORT}</port></tcp-listener>",
        )
    )
    # The vendor's sed breaks on | and drops line breaks; a replacement in Python has no such traps.
    assert text == (
        "<hivemq><listeners><tcp-listener><port>${HIVEMQ_MQTT_PORT}</port></tcp-listener></listeners></hivemq>\n"
    )


def test_inspection() -> None:
    found = inspect("<a><!-- ${ONE} --><b><c> 1 </c></b><b><c x='${TWO}'>${ONE}</c></b></a>")
    assert found.texts("a", "*", "c") == ["1", "${ONE}"]
    assert found.children("a") == ["b", "b"]
    assert found.placeholders == ("ONE", "TWO")


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;">]><b>&c;</b>'
EXTERNAL = '<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><b>&a;</b>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not well formed"),
        ("text", "not well formed"),
        ("<a>", "line 1"),
        ("<a>\n<b></a>", "line 2"),
        ("<a>&undeclared;</a>", "not well formed"),
        ("<a/><b/>", "not well formed"),
        (BOMB, "DOCTYPE"),
        (EXTERNAL, "DOCTYPE"),
        ("<!DOCTYPE a><a/>", "DOCTYPE"),
        ("<a>" * 101 + "</a>" * 101, "deep"),
        ("<a>" * 200_000, "larger than"),
        ("<a>\ud800</a>", "Unicode"),
        ("<a>\x00</a>", "not well formed"),
    ],
)
def test_unacceptable(text: str, said: str) -> None:
    with pytest.raises(XmlError, match=said):
        inspect(text)


def test_a_declared_encoding_does_not_matter() -> None:
    assert inspect('<?xml version="1.0" encoding="UTF-16"?><a>ü</a>').texts("a") == ["ü"]


@given(st.text(st.characters() | st.sampled_from("<>/&!?[]-\"'ab"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(XmlError):
        inspect(text)


def test_logback_looks_for_changes() -> None:
    root = ET.fromstring(logback.render("DEBUG"))
    assert root.get("scan") == "true"
    assert root.get("scanPeriod") == "5 seconds"
    levels = [element.get("level") for element in root.iter("root")]
    assert levels == ["DEBUG"]
