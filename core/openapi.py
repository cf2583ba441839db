"""The OpenAPI document of the prediction service."""

from collections.abc import Mapping
from typing import Any

from core import tasks
from core.tasks import Task


def document(task: str) -> dict[str, Any]:
    """OpenAPI 3.1, for a run of one task. It names no class: reading it needs no token."""
    modality = tasks.task(task)
    answer = {"$ref": "#/components/schemas/Answer"}
    error = {"description": "A sentence says why.", "content": _json({"$ref": "#/components/schemas/Error"})}
    secured: list[dict[str, list[str]]] = [{"token": []}]
    body = {"multipart/form-data": {"schema": _object({"file": {"type": "string", "format": "binary"}}, ["file"])}}
    if modality.TYPED:
        body = {"application/json": {"schema": _object({"text": {"type": "string"}}, ["text"])}}
    phases = {
        "name": "phases",
        "in": "query",
        "schema": {"enum": ["kept", "both"], "default": "kept"},
        "description": "`both` adds the answers of each phase's model.",
    }
    ask = {
        "summary": "The class of one example",
        "security": secured,
        "parameters": [phases],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {"description": "The answer", "content": _json(answer)},
            **dict.fromkeys(("400", "401", "408", "413", "415", "422", "429", "503"), error),
        },
    }
    explain = _explain(modality, body, error, secured)
    about = {"summary": "Classes and input", "security": secured, "responses": {"200": {"description": "The model"}}}
    health = {
        "summary": "Whether it can answer",
        "responses": {"200": {"description": "Ready"}, "503": {"description": "Loading, or failed"}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Thaw predictions", "version": "1"},
        "paths": {
            "/predict": {"post": ask},
            "/explain": {"post": explain},
            "/": {"get": about},
            "/healthz": {"get": health},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Answer": _answer(),
                "Explanation": _explanation(modality.EXPLAINING.schema),
                "Error": _object({"error": {"type": "string"}}, ["error"]),
            },
        },
    }


def _explain(modality: Task, body: Any, error: Any, secured: Any) -> dict[str, Any]:
    content, explaining = _json({"$ref": "#/components/schemas/Explanation"}), modality.EXPLAINING
    parameters = [
        _parameter("class", {"type": "string"}, "by default the most probable one"),
        _parameter("method", {"enum": list(explaining.methods), "default": explaining.methods[0]}, "how it is found"),
        _parameter("phase", {"enum": [1, 2]}, "whose model; by default the kept one"),
    ]
    if explaining.draw:
        content["image/png"] = {"schema": {"type": "string", "format": "binary"}}
        described = "numbers, or the picture with them on it"
        parameters.append(_parameter("format", {"enum": list(explaining.formats), "default": "json"}, described))
    return {
        "summary": f"What in {modality.WORDING.one} speaks for a class",
        "security": secured,
        "parameters": parameters,
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {"description": explaining.found, "content": content},
            **dict.fromkeys(("400", "401", "408", "413", "415", "422", "429", "503"), error),
        },
    }


def _answer() -> dict[str, Any]:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    one: dict[str, Any] = {
        "label": {"type": ["string", "null"], "description": "null: none of these"},
        "probability": share,
        "probabilities": {"type": "object", "additionalProperties": share, "description": "every class"},
    }
    of_phases = {"type": "object", "additionalProperties": _object(one, list(one))}
    return _object({**one, "error": {"type": "null"}, "phases": of_phases}, [*one, "error"])


_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_ABOUT = {
    "class": {"type": "string"},
    "method": {"type": "string"},
    "phase": {"type": "integer"},
    "probability": _SHARE,
}


def _explanation(schema: Mapping[str, Any]) -> dict[str, Any]:
    return _object({**_ABOUT, **schema}, [*_ABOUT, *schema])


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
