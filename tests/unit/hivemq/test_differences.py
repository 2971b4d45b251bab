# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where documents differ, and that no secret is told with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq._differences import (
    MISSING,
    Difference,
    differences,
    masked,
    path_text,
    replaced,
)
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.change import change

Resource = dict[str, Any]
Make = Callable[..., Resource]
MQTT = {"name": "mqtt", "port": 1883}


def test_items_may_have_their_names_in_metadata() -> None:
    def claims(size: str) -> Resource:
        return {"claims": [{"metadata": {"name": "data"}, "spec": {"size": size}}, {"metadata": {"name": "log"}}]}

    (found,) = differences(claims("1Gi"), claims("2Gi"))
    assert path_text(found.path) == "claims[data].spec.size"
    assert replaced(claims("1Gi"), found.path, found.after) == claims("2Gi")


OLD, NEW_SECRET = "hunter-two", "hunter-six"
XML = "<tcp-listener><port>1883</port><keystore><password>%s</password></keystore></tcp-listener>"
PATCH = '[{"op":"add","path":"/metadata/annotations/x","value":"https://u:%s@h/"}]'


@pytest.mark.parametrize(
    "spec",
    [
        lambda secret: {"env": [{"name": "DB_PASSWORD", "value": secret}]},
        lambda secret: {"env": [{"name": "apiKey", "value": secret}, {"name": "X", "value": secret[-3:]}]},
        lambda secret: {"env": [{"name": "URL", "value": f"amqp://user:{secret}@host/"}]},
        lambda secret: {"env": [{"name": f"N{secret[-1:].upper()}_TOKEN", "value": secret}]},
        lambda secret: {"javaOptions": f"-Djavax.net.ssl.keyStorePassword={secret} -Xmx1g"},
        lambda secret: {"podAnnotations": {"vault/token": secret}},
        lambda secret: {"listenerConfiguration": XML % secret},
        lambda secret: {"listenerConfiguration": f"\n{XML % secret}\n\n"},
        lambda secret: {"ports": [MQTT | {"expose": True, "patch": [PATCH % secret]}]},
    ],
)
def test_secrets_are_not_told(resource: Make, spec: Callable[[str], Resource]) -> None:
    found = change(resource(**spec(OLD)), resource(**spec(NEW_SECRET)))
    assert found.effects
    assert found.fields
    for told in (json.dumps(found.as_dict()), found.sentence(), repr(found)):
        assert OLD not in told
        assert NEW_SECRET not in told
    # Where a secret comes or goes as a whole, too.
    for one, other in (({}, spec(OLD)), (spec(OLD), {})):
        assert OLD not in repr(change(resource(**one), resource(**other)))


def test_a_hidden_difference_is_still_seen(resource: Make) -> None:
    one, other = (resource(env=[{"name": "DB_PASSWORD", "value": value}]) for value in ("a", "b"))
    (field,) = change(one, other).fields
    assert (field.before, field.after) == ("***", "*** (changed)")
    one, other = (resource(listenerConfiguration=f"\n{XML % value}\n<!-- -->") for value in ("a", "b"))
    (field,) = change(one, other).fields
    assert (field.before, field.after) == ("2 lines", "2 lines (changed)")


def test_secrets_in_whole_maps_and_argument_lists(resource: Make) -> None:
    annotations = {**{f"n{number}": "x" for number in range(50)}, "api-key": OLD}
    found = change(resource(), resource(podAnnotations=annotations))
    assert found.fields[0].after == {**annotations, "api-key": "***"}
    arguments = ["--user", "me", "--db-password", OLD, f"--token={OLD}"]
    told = masked(Difference(("spec", "sidecars"), MISSING, [{"name": "s", "args": arguments}]))
    assert told == (None, [{"name": "s", "args": ["--user", "me", "--db-password", "***", "--token=***"]}])


def test_where_a_secret_comes_from_is_none(resource: Make) -> None:
    env = [
        [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": name, "key": "k"}}}]
        for name in ("one", "other")
    ]
    (field,) = change(resource(env=env[0]), resource(env=env[1])).fields
    assert str(field) == "spec.env[DB_PASSWORD].valueFrom.secretKeyRef.name one → other"


def test_names_of_secrets_are_no_secrets(resource: Make) -> None:
    found = change(resource(), resource(imagePullSecrets=["pull"], secrets=[{"name": "tls", "path": "/etc/tls"}]))
    assert [field.after for field in found.fields] == [["pull"], [{"name": "tls", "path": "/etc/tls"}]]
