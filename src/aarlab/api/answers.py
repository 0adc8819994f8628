"""How errors leave the lab: a code and one line for the caller, details for nobody."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from aarlab.errors import OperatorError, ResearcherError, UserError

_LOG = logging.getLogger(__name__)
_STATUS = {"malformed": 400, "forbidden": 403, "unknown": 404, "large": 413, "budget": 429}
_REFUSED = 409


def add_handlers(app: FastAPI) -> None:
    """Every error becomes {"code", "message"}."""
    app.add_exception_handler(ResearcherError, _refused)
    app.add_exception_handler(UserError, _user)
    app.add_exception_handler(OperatorError, _operator)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _defect)


def _answer(status: int, code: str, message: str) -> JSONResponse:
    safe = message.encode(errors="replace").decode()
    return JSONResponse({"code": code, "message": safe}, status_code=status)


def _refused(_: Request, error: Exception) -> JSONResponse:
    code = error.code if isinstance(error, ResearcherError) else "refused"
    return _answer(_STATUS.get(code, _REFUSED), code, str(error))


def _user(_: Request, error: Exception) -> JSONResponse:
    return _answer(400, "user", str(error))


def _operator(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s: %s", request.method, request.url.path, error)
    return _answer(503, "unavailable", "the lab cannot do this now; its operator has been told")


def _invalid(_: Request, error: Exception) -> JSONResponse:
    """Names the field and what is wrong with it, never what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:])[:100]
    return _answer(400, "malformed", f"{field}: {first['msg']}" if field else str(first["msg"]))


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {status: name for name, status in _STATUS.items()}.get(error.status_code, "malformed")
    return _answer(error.status_code, code, str(error.detail))


def _defect(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return _answer(500, "defect", "the lab has a defect")
