"""The JSON Schema of manifests, for whoever reads them: made from the types, shipped as a file.

After a change to the types, `python -m titanic_batch.publish.manifest_schema` writes it anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from titanic_batch.publish.manifest import MANIFEST_VERSION, Manifest
from titanic_batch.publish.manifest_form import Table, keys_of

SHIPPED = Path(__file__).with_name("manifest.schema.json")
_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)


def make_schema() -> str:
    """Return the schema that the types have now, as JSON."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "titanic-batch manifest",
        **_object(Manifest),
    }
    document["properties"]["manifest_version"]["maximum"] = MANIFEST_VERSION
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _object(table: Table) -> dict[str, Any]:
    """Return the schema of a dataclass; keys that it does not know are allowed, for later ones."""
    text = table.__doc__ or ""
    told = {name: " ".join(words.split()) for name, words in _ATTRIBUTE.findall(text)}
    properties = {}
    for key in keys_of(table):
        schema = dict(key.kind.schema) if key.table is None else _nested(key.table, key.kind.schema)
        if key.name in told:
            schema["description"] = told[key.name]
        properties[key.name] = schema
    return {
        "description": text.partition("\n")[0],
        "type": "object",
        "properties": properties,
        "required": [key.name for key in keys_of(table) if key.required],
    }


def _nested(table: Table, schema: dict[str, Any]) -> dict[str, Any]:
    inner = _object(table)
    return {"anyOf": [inner, {"type": "null"}]} if "anyOf" in schema else inner


if __name__ == "__main__":
    SHIPPED.write_text(make_schema(), encoding="utf-8")
