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
    explain = {
        "summary": "Where the network finds what speaks for a class, in a picture",
        "security": secured,
        "parameters": [
            _parameter("class", {"type": "string"}, "by default the most probable one"),
            _parameter("method", {"enum": ["gradcam", "occlusion"], "default": "gradcam"}, "how it is found"),
            _parameter("phase", {"enum": [1, 2]}, "whose model; by default the kept one"),
            _parameter(
                "format", {"enum": ["json", "png"], "default": "json"}, "numbers, or the picture with them on it"
            ),
        ],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {
                "description": "The map",
                "content": {
                    **_json({"$ref": "#/components/schemas/Explanation"}),
                    "image/png": {"schema": {"type": "string", "format": "binary"}},
                },
            },
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
        "paths": {
            "/predict": {"post": ask},
            **({"/explain": {"post": explain}} if task == "image" else {}),
            "/": {"get": about},
            "/healthz": {"get": health},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Answer": _answer(),
                "Explanation": _explanation(),
                "Error": _object({"error": {"type": "string"}}, ["error"]),
            },
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


def _explanation() -> dict[str, Any]:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    rows = {"type": "array", "items": {"type": "array", "items": share}, "description": "rows from top to bottom"}
    about = {"class": {"type": "string"}, "method": {"type": "string"}, "phase": {"type": "integer"}}
    properties: dict[str, Any] = {**about, "probability": share, "grid": rows}
    return _object(properties, list(properties))


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
