"""What a message holds, as one JSON object to look into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from wsreplay.venues.generic.values import NotJsonError, read_json

if TYPE_CHECKING:
    from wsreplay.venues.envelope import HttpMessage


def as_object(body: Any) -> dict[str, Any]:
    """A body as an object: a list's first word is its operation, and the objects in it are its data."""
    if type(body) is dict:
        return body
    if type(body) is not list:
        return {}
    if body and all(type(item) is dict for item in body):
        return {"data": body}
    words = [item for item in body if type(item) is str and item]
    message: dict[str, Any] = {"op": words[0]} if words else {}
    data = next((item for item in body if type(item) is dict), None)
    if data is not None:
        message["data"] = data
    return message


def body_of(message: HttpMessage) -> Any:
    """The body of a REST message: JSON, or the fields of a form; None if it is neither."""
    try:
        return read_json(message.body)
    except NotJsonError:
        pass
    form = any(
        name.lower() == "content-type" and value.lower().startswith("application/x-www-form-urlencoded")
        for name, value in message.headers
    )
    return dict(parse_qsl(message.body.decode(errors="replace"))) if form else None
