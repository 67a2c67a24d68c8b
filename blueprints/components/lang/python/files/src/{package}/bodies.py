"""Reads and checks request bodies."""

import json
from typing import NoReturn

from starlette.requests import Request

from .problems import FieldError, ProblemError


async def read_object(request: Request, fields: set[str]) -> dict[str, object]:
    """Read a JSON object that has no other fields than these."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ProblemError(415, "Send the body as application/json.")

    body = await request.body()
    try:
        value = json.loads(body, parse_constant=_refuse)
        # Half a surrogate pair is valid in JSON's grammar, but it's no text that an answer could repeat.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, "The body is not JSON.") from error

    if not isinstance(value, dict):
        raise _mismatch("must be an object")
    if not value.keys() <= fields:
        raise _mismatch("has a field that the schema does not know")
    return value


def _mismatch(detail: str) -> ProblemError:
    return ProblemError(422, "The body does not match its schema.", [FieldError("", detail)])


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
