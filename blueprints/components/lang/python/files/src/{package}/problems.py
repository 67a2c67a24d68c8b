"""Error responses: problem details as in RFC 9457."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"

# Python still calls some statuses by the names that RFC 9110 has replaced.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


@dataclass(frozen=True)
class FieldError:
    """A field of the request's body, as a JSON pointer, and what is wrong with it."""

    pointer: str
    detail: str


class ProblemError(HTTPException):
    """Ends a request with a problem."""

    def __init__(self, status: int, detail: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(status, detail)
        self.errors = errors or []


def problem(
    status: int,
    detail: str = "",
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    # about:blank says that the status explains the problem, and then the title is the status's.
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = [asdict(error) for error in errors]
    return JSONResponse(body, status, headers, MEDIA_TYPE)


async def on_http_exception(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, ProblemError):
        return problem(error.status_code, error.detail, error.errors)
    if isinstance(error, HTTPException):
        return problem(error.status_code, headers=error.headers)
    return problem(500)
