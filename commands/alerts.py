"""Bytes that an alert source posts, to a notice. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from commands.alertgroups import read_group
from commands.notice import (
    LABEL,
    Alarm,
    Fields,
    Format,
    Malformed,
    Notice,
    Shape,
    bounded,
    digest,
    link_of,
)


def read_notice(body: bytes, shape: Shape) -> Notice:
    """Read what was posted to a route.

    Raises:
        Malformed: it is no JSON, or not of the route's shape.
    """
    data = _object(body)
    fields = shape.fields
    if shape.format is Format.AUTO:
        grouped = "alerts" in data and (fields is None or "groupKey" in data)
    else:
        grouped = shape.format is not Format.GENERIC
    if grouped:
        return read_group(data)
    if fields is None:
        raise Malformed(
            'it has no "alerts", as Alertmanager and Grafana send them; for JSON of another kind, '
            "say in sms.toml under this [[alert]] where its text is: "
            'fields = { text = "path.to.text" }'
        )
    return _by_fields(data, fields, shape.resolved)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body.decode("utf-8-sig"))  # of bytes, it would read UTF-16 as well
    except RecursionError:
        raise Malformed("the JSON is nested too deeply") from None
    except ValueError as exc:  # also of its encoding, and of a number beyond Python
        raise Malformed("the body must be JSON in UTF-8") from exc
    if not isinstance(data, dict):
        raise Malformed("the body must be one JSON object")
    return data


def _by_fields(data: Mapping[str, Any], fields: Fields, resolved: tuple[str, ...]) -> Notice:
    status = _at(data, fields.status, "status").strip().casefold()
    firing = status not in {word.casefold() for word in resolved}
    text, key = bounded(_at(data, fields.text, "text")), _at(data, fields.key, "key")
    if not text and (firing or not key):
        raise Malformed(f'there is no text at "{fields.text}", where fields of sms.toml looks')
    return Notice(
        key=digest("key", key) if key else digest("text", text),
        text=text,
        alarms=(Alarm("", firing, bounded(text or key, LABEL)),),
        link=link_of([_at(data, fields.link, "link")]),
        resolvable=bool(fields.status),
    )


def _at(data: object, path: str, name: str) -> str:
    """Give the text at a dotted path, empty where nothing is."""
    for part in path.split(".") if path else ():
        data = _step(data, part)
    if not path or data is None:
        return ""
    if isinstance(data, dict | list):
        raise Malformed(f'"{path}" ({name} in fields of sms.toml) must be a text, not more JSON')
    return data if isinstance(data, str) else json.dumps(data)


def _step(data: object, part: str) -> object:
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and part.isdecimal() and int(part) < len(data):
        return data[int(part)]
    return None
