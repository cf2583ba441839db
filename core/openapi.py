"""The OpenAPI document of the prediction service."""

from typing import Any


def document(task: str) -> dict[str, Any]:
    """OpenAPI 3.1, for a run of one task. It names no class: reading it needs no token."""
    answer = {"$ref": "#/components/schemas/Answer"}
    error = {"description": "A sentence says why.", "content": _json({"$ref": "#/components/schemas/Error"})}
    secured: list[dict[str, list[str]]] = [{"token": []}]
    body = {"multipart/form-data": {"schema": _object({"file": {"type": "string", "format": "binary"}}, ["file"])}}
    if task == "text":
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
    about = {"summary": "Classes and input", "security": secured, "responses": {"200": {"description": "The model"}}}
    health = {
        "summary": "Whether it can answer",
        "responses": {"200": {"description": "Ready"}, "503": {"description": "Loading, or failed"}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Thaw predictions", "version": "1"},
        "paths": {"/predict": {"post": ask}, "/": {"get": about}, "/healthz": {"get": health}},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Answer": _answer(), "Error": _object({"error": {"type": "string"}}, ["error"])},
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


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
