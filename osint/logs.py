"""Log set-up: one line an event, JSON or for people; secrets never, and no value can forge a line."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_NAME = re.compile(r"authorization|cookie|password|passwd|secret|token|api_?key|session", re.IGNORECASE)
# Credentials inside a longer text: a header written out, one of our tokens, a URL with a password.
SECRET_TEXT = (
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}"), r"\1 [hidden]"),
    (re.compile(r"(?i)\b(authorization|cookie|set-cookie)(['\"]?\s*[:=]\s*)[^\r\n]+"), r"\1\2[hidden]"),
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"), "[hidden]"),
)
# C0 and C1 controls (ANSI escapes begin with one), and the marks that reorder or break a line of text.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
FOREIGN = ("django", "django.server", "uvicorn", "uvicorn.error")
TOO_CHATTY = ("celery.beat", "celery.worker.strategy", "celery.app.trace")
KEPT_AS_IS = frozenset({"exception", "stack"})


def scrub(value: str) -> str:
    """Take credentials out of a text."""
    for pattern, replacement in SECRET_TEXT:
        value = pattern.sub(replacement, value)
    return value


def visible(value: str) -> str:
    """Write control characters out as escapes, so that a value stays on its line."""
    return CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), value)


def _clean(name: str, value: Any) -> Any:
    if SECRET_NAME.search(name) and value:
        return "[hidden]"
    if isinstance(value, dict):
        return {visible(str(key)): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner) for inner in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    if name in KEPT_AS_IS:
        # A traceback keeps its lines, but nothing else that moves a cursor.
        return "\n".join(visible(line) for line in scrub(str(value)).splitlines())
    return visible(scrub(str(value)))


def clean(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Clean every value of a log entry; structlog calls this last before writing."""
    return {name: _clean("" if name == "event" else name, value) for name, value in entry.items()}


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def drop_request(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out the request and socket objects that Django and uvicorn attach: their text shows headers."""
    return {name: value for name, value in entry.items() if name not in {"request", "scope", "color_message"}}


def configure(*, form: str, level: str) -> dict[str, Any]:
    """Return Django's LOGGING for the form "json" or "console", and make structlog write through it."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    drop_request,
                    clean,
                    last,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Theirs are emptied, so that everything goes through the one handler above.
            **{name: {"handlers": [], "propagate": True} for name in FOREIGN},
            # An access line would repeat every address with its query; the API logs its problems itself.
            "uvicorn.access": {"handlers": [], "propagate": True, "level": "WARNING"},
            # Two lines for each run of each task, every few seconds, say nothing while all is well.
            **{name: {"level": "WARNING"} for name in TOO_CHATTY},
        },
    }
