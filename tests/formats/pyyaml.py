"""YAML as PyYAML reads it, which Prompty uses: a JSON list of texts on standard input, a list of
{value} or {error} on standard output."""

import datetime
import json
import math
import sys

import yaml


def plain(value):
    """The value in JSON; what JSON does not have becomes the text that a template writes."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (datetime.date, bytes, set)):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def read(text: str) -> dict:
    try:
        return {"value": plain(yaml.safe_load(text))}
    except Exception as error:  # whatever the package refuses is an answer
        return {"error": f"{type(error).__name__}: {error}"}


sys.stdout.write(json.dumps([read(text) for text in json.loads(sys.stdin.buffer.read())]))
