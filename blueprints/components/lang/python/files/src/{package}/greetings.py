"""The example resource: greetings in several languages."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from .bodies import read_object
from .problems import FieldError, ProblemError

MAX_NAME_LENGTH = 80

TEMPLATES = {
    "de": "Hallo, {name}!",
    "en": "Hello, {name}!",
    "es": "¡Hola, {name}!",
    "fr": "Bonjour, {name} !",
    "ja": "こんにちは、{name}さん。",
}


async def compose_greeting(request: Request) -> JSONResponse:
    body = await read_object(request, fields={"language", "name"})

    errors = []
    language = body.get("language")
    if not isinstance(language, str) or language not in TEMPLATES:
        errors.append(FieldError("/language", "must be a language that there is a greeting in"))
    name = body.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME_LENGTH:
        errors.append(FieldError("/name", "must be a text of 1 to 80 characters"))
    if errors:
        raise ProblemError(422, "The body does not match its schema.", errors)

    message = TEMPLATES[str(language)].replace("{name}", str(name))
    return JSONResponse({"language": language, "message": message})


async def get_greeting(request: Request) -> JSONResponse:
    language = request.path_params["language"]
    if language not in TEMPLATES:
        raise ProblemError(404, "There is no greeting in this language.")
    return JSONResponse({"language": language, "template": TEMPLATES[language]})
