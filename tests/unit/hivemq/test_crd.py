# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CustomResourceDefinition: a structural schema the API server takes, and one that explains itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq import names
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.crd import crd
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.schema import EFFECTS

Schema = dict[str, Any]

# The whole spec of the vendor's resource.
VENDOR_FIELDS = """
nodeCount cpu memory ephemeralStorage cpuLimitRatio memoryLimitRatio ephemeralStorageLimitRatio image
hivemqVersion imagePullPolicy imagePullSecrets operatorHints labels podLabels podAnnotations nodeSelector
priorityClassName runtimeClassName serviceAccountName tolerations topologySpreadConstraints affinity additionalVolumes
additionalVolumeMounts volumeClaimTemplates podSecurityContext containerSecurityContext javaOptions configOverride
listenerConfiguration restApiConfiguration logLevel sidecars initContainers initialization initDnsWaitImage
initBusyboxImage env configMaps secrets extensions ports clusterReplicaCount clusterOverloadProtection restrictions mqtt
security monitoring dnsSuffix controllerTemplate customProperties
"""


def version() -> dict[str, Any]:
    (only,) = crd()["spec"]["versions"]
    return only  # type: ignore[no-any-return]


def root() -> Schema:
    return version()["schema"]["openAPIV3Schema"]  # type: ignore[no-any-return]


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}".lstrip("."))
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def at(path: str) -> Schema:
    return dict(nodes(root()))[path]


def test_identity() -> None:
    definition = crd()
    assert definition["metadata"]["name"] == "hivemq-clusters.hivemq.com" == names.CRD_NAME
    assert definition["spec"]["scope"] == "Namespaced"
    assert definition["spec"]["names"]["kind"] == "HiveMQCluster"
    assert definition["spec"]["names"]["shortNames"] == ["hmqc"]
    assert (version()["name"], version()["served"], version()["storage"]) == ("v1", True, True)


def test_scale_subresource_points_at_fields_of_the_schema() -> None:
    """The vendor's status lacks `scale`: it is pruned, and `kubectl scale` never worked."""
    scale = version()["subresources"]["scale"]
    for path, kind in (
        (scale["specReplicasPath"], "integer"),
        (scale["statusReplicasPath"], "integer"),
        (scale["labelSelectorPath"], "string"),
    ):
        assert at(path.lstrip("."))["type"] == kind
    assert version()["subresources"]["status"] == {}


def test_printer_columns_point_at_fields_of_the_schema() -> None:
    known = {path.replace("[]", "") for path, _schema in nodes(root())}
    columns = version()["additionalPrinterColumns"]
    assert [column["name"] for column in columns] == [
        "size", "image", "version", "status", "endpoint", "message", "age",
    ]  # fmt: skip
    for column in columns:
        path = column["jsonPath"].lstrip(".").replace("[0]", "")
        assert path in known or path == "metadata.creationTimestamp"


def test_schema_is_structural() -> None:
    """The rules of Kubernetes for structural schemas, without which the API server refuses the definition."""
    for path, schema in nodes(root()):
        if schema.get("x-kubernetes-int-or-string"):
            assert schema["anyOf"] == [{"type": "integer"}, {"type": "string"}], path
            assert "type" not in schema, path
        else:
            assert schema["type"] in ("object", "array", "string", "integer", "number", "boolean"), path
        assert not ("properties" in schema and "additionalProperties" in schema), path
        assert ("items" in schema) == (schema.get("type") == "array"), path
        assert "default" not in schema, f"{path}: defaults are spec.py's"
        assert set(schema.get("required", ())) <= set(schema.get("properties", {})), path
        for key in schema.get("x-kubernetes-list-map-keys", ()):
            assert key in schema["items"]["required"], f"{path}: a key must be there to identify an item"
            assert schema["items"]["properties"][key]["type"] == "string", path
        if "minimum" in schema and "maximum" in schema:
            assert schema["minimum"] <= schema["maximum"], path
        for bound in ("minimum", "maximum"):
            # The API server keeps bounds as floating point: another number there would look changed for ever.
            assert int(float(schema.get(bound, 0))) == schema.get(bound, 0), path


def test_every_field_is_described() -> None:
    for path, schema in nodes(root()):
        last = path.rsplit(".", 1)[-1]
        plain = last.endswith(("[]", "{}")) or path == "metadata"
        small = any(part in path for part in ("seLinuxOptions.", "sysctls[].", "windowsOptions."))
        assert plain or small or schema.get("description"), path
        assert not schema.get("description") or schema["description"].rstrip().endswith("."), path


@pytest.mark.parametrize("field", sorted(root()["properties"]["spec"]["properties"]))
def test_every_field_of_the_spec_says_what_a_change_costs(field: str) -> None:
    schema = at(f"spec.{field}")
    inner = [schema, *schema.get("properties", {}).values()]
    assert any(item["description"].endswith(tuple(EFFECTS.values())) for item in inner)


def test_log_level_is_live_and_node_count_scales() -> None:
    assert at("spec.logLevel")["description"].endswith(EFFECTS["live"])
    assert at("spec.nodeCount")["description"].endswith(EFFECTS["scale"])
    assert at("spec.ports[].patch")["description"].endswith(EFFECTS["service"])


# Our own additions, each optional.
OWN_FIELDS = {"podDisruptionBudget"}


def test_the_spec_has_the_fields_of_the_vendor_and_our_own() -> None:
    vendor = VENDOR_FIELDS.split()
    assert len(vendor) == 51
    assert set(root()["properties"]["spec"]["properties"]) == set(vendor) | OWN_FIELDS
    assert not OWN_FIELDS & set(root()["properties"]["spec"].get("required", ()))


def vendor_fields() -> list[list[str]]:
    """Path, type and required fields of what the vendor's definition lists below `spec`."""
    text = (Path(__file__).parent / "cases/vendor_fields.txt").read_text()
    return [line.split(" ") for line in text.splitlines()]


def found(path: str) -> Schema | None:
    """Our schema for a path of the vendor's; None below a type that takes any field."""
    schema = at("spec")
    for name in path.replace("[]", ".[]").split("."):
        if name == "[]":
            schema = schema["items"]
            continue
        if name not in schema.get("properties", {}):
            assert schema.get("x-kubernetes-preserve-unknown-fields"), f"{path}: {name} would be dropped"
            return None
        schema = schema["properties"][name]
    return schema


@pytest.mark.parametrize("line", vendor_fields(), ids=lambda line: line[0])
def test_what_the_vendor_accepts_is_accepted(line: list[str]) -> None:
    path, kind, *more = line
    ours = found(path)
    if ours is None:
        return
    if kind == "map":
        assert "additionalProperties" in ours
    elif not ours.get("x-kubernetes-int-or-string"):
        # An integer of the vendor's may be a number here, never the other way round.
        assert ours["type"] in ((kind, "number") if kind == "integer" else (kind,))
    required = set(more[1].split(",")) if more else set()
    assert set(ours.get("required", ())) <= required


def test_plain_data_and_the_same_at_every_call() -> None:
    assert json.loads(json.dumps(crd())) == crd()
    crd()["spec"]["names"]["kind"] = "Changed"
    assert crd()["spec"]["names"]["kind"] == "HiveMQCluster"
    # Server-side apply and kubectl explain carry it around; etcd takes about 1.5 MB.
    assert len(json.dumps(crd())) < 200_000
