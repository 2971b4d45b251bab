# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diff shows, and what it must not."""

from __future__ import annotations

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.diff import clean, describe, diff, mask

BEFORE = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "s",
        "namespace": "n",
        "uid": "u",
        "resourceVersion": "1",
        "managedFields": [{}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "c2VjcmV0"},
    },
    "data": {"same": "c2VjcmV0", "other": "b2xk"},
    "status": {"x": 1},
}
AFTER = {**BEFORE, "data": {"same": "c2VjcmV0", "other": "bmV3", "added": "eA=="}}


def test_clean() -> None:
    assert clean(BEFORE) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "n"},
        "data": BEFORE["data"],
    }
    assert clean(None) == {}
    assert "status" in BEFORE  # a copy


def test_secret_values_are_masked_and_changes_shown() -> None:
    found = diff(BEFORE, AFTER)
    assert found["before_header"] == found["after_header"] == "Secret n/s"
    assert "same: '***'" in found["after"]
    assert "other: '*** (changed)'" in found["after"]
    assert "added: '***'" in found["after"]
    assert "other: '***'" in found["before"]
    for value in ("c2VjcmV0", "b2xk", "bmV3", "eA=="):
        assert value not in str(found)


def test_string_data_too() -> None:
    assert mask({"kind": "Secret", "stringData": {"a": "b"}})["stringData"] == {"a": "***"}
    assert mask({"kind": "ConfigMap", "data": {"a": "b"}})["data"] == {"a": "b"}


@pytest.mark.parametrize("before", [None, AFTER])
def test_created_and_deleted(before: dict[str, object] | None) -> None:
    after = None if before else AFTER
    found = diff(before, after)
    assert (found["before"] == "") is (before is None)
    assert (found["after"] == "") is (after is None)


def test_describe() -> None:
    assert describe({"kind": "Namespace", "metadata": {"name": "n"}}) == "Namespace n"
