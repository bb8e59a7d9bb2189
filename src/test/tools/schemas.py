"""Writes JSON schemas for kubeconform: schemas.py <folder of CRDs> <folder to write>.

Kubernetes' own kinds come from the package kubernetes-validate, for the oldest version that k8s/ is for and for the
newest one. Other kinds come from the CustomResourceDefinitions of their projects. In both, a field that the kind does
not have is an error. What CEL rules and admission webhooks say in addition is not checked.
"""

import json
import pathlib
import sys
import sysconfig

import yaml

VERSIONS = ["1.30.0", "1.37.0"]


def main(crds: pathlib.Path, target: pathlib.Path) -> None:
    # Only its files are of use here; its code wants more packages.
    source = pathlib.Path(sysconfig.get_path("purelib"), "kubernetes_validate", "kubernetes-json-schema")
    for version in VERSIONS:
        folder = target / version
        folder.mkdir(parents=True)
        builtin(source / f"v{version}-local-strict", folder)
        for file in sorted(crds.iterdir()):
            for definition in yaml.safe_load_all(file.read_text()):
                if definition and definition.get("kind") == "CustomResourceDefinition":
                    custom(definition["spec"], folder)


def builtin(source: pathlib.Path, folder: pathlib.Path) -> None:
    """One file for each kind with the definitions that it needs, as kubeconform reads no other file."""
    shared = json.loads((source / "_definitions.json").read_text())["$defs"]
    for file in source.glob("*-v*.json"):
        schema = json.loads(file.read_text())
        if "kind" not in schema.get("properties", {}):
            continue
        needed: dict = {}
        schema = local(schema, shared, needed)
        schema["definitions"] = needed
        # kubeconform reads draft 4, and the id is no address of this file.
        schema.pop("$schema", None)
        schema.pop("$id", None)
        (folder / file.name).write_text(json.dumps(schema))


def local(node, shared: dict, needed: dict):
    if isinstance(node, list):
        return [local(each, shared, needed) for each in node]
    if not isinstance(node, dict):
        return node
    result = {}
    for key, value in node.items():
        if key == "$ref" and isinstance(value, str):
            # "/api/_definitions.json#/$defs/<name>", and in that file itself without the first part.
            name = value.split("#/$defs/", 1)[1]
            if name not in needed:
                needed[name] = {}
                needed[name] = local(shared[name], shared, needed)
            value = "#/definitions/" + name
        result[key] = local(value, shared, needed)
    return result


def custom(spec: dict, folder: pathlib.Path) -> None:
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        for name in ("apiVersion", "kind"):
            schema["properties"].setdefault(name, {"type": "string"})
        group = spec["group"].split(".")[0]
        name = f"{spec['names']['kind'].lower()}-{group}-{version['name']}.json"
        (folder / name).write_text(json.dumps(schema))


def strict(node):
    """What is not named is refused, as `kubectl apply` with strict validation does."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    result = {
        key: {name: strict(each) for name, each in value.items()} if key == "properties" else strict(value)
        for key, value in node.items()
        if not key.startswith("x-kubernetes-")
    }
    if node.get("x-kubernetes-int-or-string") is True:
        result["type"] = ["integer", "string"]
        result.pop("anyOf", None)
    kind = node.get("type")
    if kind == "object" and "properties" in node and "additionalProperties" not in node:
        if node.get("x-kubernetes-preserve-unknown-fields") is not True:
            result["additionalProperties"] = False
    if node.get("nullable") is True and isinstance(kind, str):
        result["type"] = [kind, "null"]
    result.pop("nullable", None)
    return result


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
