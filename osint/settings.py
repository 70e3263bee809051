"""All settings. What an installation may change comes from the environment, read by osint/env.py."""

import sys
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from osint import embedded, env, logs

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("OSINT_DATA_DIR", BASE_DIR / "var")
DEBUG = env.switch("OSINT_DEBUG")
SECRET_KEY = env.secret("OSINT_SECRET_KEY", kept_in=DATA_DIR / "secret-key")
ALLOWED_HOSTS = env.words("OSINT_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("OSINT_TRUSTED_ORIGINS")
# Behind a proxy that ends TLS: cookies are sent over TLS only, and the proxy's word for the scheme is taken.
BEHIND_TLS = env.switch("OSINT_BEHIND_TLS")

INSTALLED_APPS = [
    "osint",
    "workspace",
    "exchange",
    "analysis",
    "enrichment",
    "evidence",
    "cases",
    "ledger",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "workspace.apps.WorkspaceAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "osint.streaming.StreamPiecewise",
    "osint.problems.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "csp.middleware.CSPMiddleware",
    "osint.idempotency.IdempotencyMiddleware",
]

ROOT_URLCONF = "osint.urls"
ASGI_APPLICATION = "osint.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Time and language: every instant is kept and shown in UTC.
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en-gb"

# Database. A pool of 0 keeps one connection a process instead, as Celery's workers want it.
DATABASES = {
    "default": env.database(
        "DATABASE_URL",
        embedded=DATA_DIR / "waterline.sqlite3",
        pool=env.whole("OSINT_DATABASE_POOL", 10),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Files. Names are hashes, made by the store; uploads are written straight into its incoming folder.
FILES_DIR = DATA_DIR / "files"
OSINT_STORAGE_URL = env.text("OSINT_STORAGE_URL")
# Bundles lie apart from evidence until they are fetched, and no longer than these days.
EXPORTS_DIR = DATA_DIR / "exports"
EXPORT_DAYS = env.whole("OSINT_EXPORT_DAYS", 7, least=1)
STORAGES = {
    "default": env.storage("OSINT_STORAGE_URL", embedded=FILES_DIR),
    "exports": env.storage("OSINT_STORAGE_URL", embedded=EXPORTS_DIR, prefix="exports"),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = env.folder("OSINT_STATIC_DIR", DATA_DIR / "static")
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False
FILE_UPLOAD_HANDLERS = ["evidence.uploads.StoreUploadHandler"]
FILE_UPLOAD_TEMP_DIR = env.folder("OSINT_UPLOAD_DIR", FILES_DIR / "incoming")

# The log. Its key signs the heads; the anchor, the last of them, lies where the database is not.
SIGNING_KEY = env.text("OSINT_SIGNING_KEY")
VERIFIER_KEY = env.text("OSINT_VERIFIER_KEY")
ANCHOR_FILE = Path(env.text("OSINT_ANCHOR_FILE") or DATA_DIR / "anchor" / "head")
# Those who attest to the heads: time stamp authorities (RFC 3161), the roots that are trusted to lead to them (a file
# in PEM), the seconds between two heads that one of them stamps; witnesses, each as its verifier key and its address;
# and the seconds that any of them has for its answer.
TSA_URLS = env.addresses("OSINT_TSA_URLS")
TSA_ROOTS = env.text("OSINT_TSA_ROOTS")
TSA_SECONDS = env.whole("OSINT_TSA_SECONDS", 60, least=1)
WITNESSES = env.witnesses("OSINT_WITNESSES")
ATTEST_TIMEOUT = env.whole("OSINT_ATTEST_TIMEOUT", 10, least=1)

# Limits of one request, in bytes.
MAX_UPLOAD_BYTES = env.whole("OSINT_MAX_UPLOAD_BYTES", 8 * 2**30, least=1)
MAX_JSON_BYTES = env.whole("OSINT_MAX_JSON_BYTES", 2 * 2**20, least=1)
MAX_BATCH_BYTES = env.whole("OSINT_MAX_BATCH_BYTES", 64 * 2**20, least=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_JSON_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 10

# People.
AUTH_USER_MODEL = "osint.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
# By name and address together: a stranger's guesses do not lock the account's owner out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_ENABLE_ACCESS_FAILURE_LOG = True
# Where a proxy stands in front, its address would lock out everybody.
AXES_CLIENT_IP_CALLABLE = "osint.authentication.client_address"

# Browsers.
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if BEHIND_TLS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    }
}

# API. Lower rooms cannot import these, so they are named here.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "osint.authentication.TokenAuthentication",
        "osint.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["osint.authentication.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["osint.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "osint.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "osint.problems.handle",
    # What an address takes is in the schema; OPTIONS, which would tell it without looking at the case, is a 405.
    "DEFAULT_METADATA_CLASS": None,
    # One format: a parameter that names another would be ignored in silence.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Waterline",
    "DESCRIPTION": "An evidence ledger and case manager for open-source investigations.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "osint.schema.say_what_all_have_in_common",
    ],
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "cases.domain.Role",
        "SensitivityEnum": "cases.domain.Sensitivity",
        "AttributionRoleEnum": "evidence.parts.AttributionRole",
        "CaseStatusEnum": "cases.domain.Status",
        "ItemStatusEnum": "evidence.parts.ItemStatus",
    },
}

# Tasks. The database is the truth: the broker may lose everything, so it is never waited for.
REDIS_URL = env.text("REDIS_URL") or f"unix://{embedded.socket_path(DATA_DIR)}"
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Seconds until a task whose worker died is delivered again.
    "visibility_timeout": 120,
    # A broker that hangs is given up after this many seconds; workers wait longer, see osint/celery.py.
    "socket_connect_timeout": 0.5,
    "socket_timeout": 0.8,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_TIMEOUT = 0.5
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# The sweep publishes again what was not: a request does not wait for a broker that is down.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Seconds. A worker that takes a job has it to itself for so long after it was last heard of; then another may take it
# over. Work may be done twice so, and is never recorded twice.
CLAIM_SECONDS = env.whole("OSINT_CLAIM_SECONDS", 50, least=1)
# Seconds until a job that failed for the time being is tried again; ten times as many until the third time.
RETRY_SECONDS = env.whole("OSINT_RETRY_SECONDS", 30)
# Seconds between two looks for jobs that died, or that the broker lost.
SWEEP_SECONDS = env.whole("OSINT_SWEEP_SECONDS", 15, least=1)
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "enrichment.tasks.sweep", "schedule": float(SWEEP_SECONDS)},
    "exports": {"task": "exchange.tasks.sweep", "schedule": float(SWEEP_SECONDS)},
    "bundles": {"task": "exchange.tasks.throw_away", "schedule": timedelta(hours=1)},
    "custody": {"task": "evidence.tasks.record_custody", "schedule": 30.0},
    # What was not begun by the next time is left out, so that slow answers do not pile up.
    "attest": {"task": "ledger.tasks.attest", "schedule": 10.0, "options": {"expires": 10}},
    "leftovers": {"task": "ledger.tasks.sweep_incoming", "schedule": timedelta(hours=1)},
    "erasures": {"task": "ledger.tasks.remove_erased_files", "schedule": timedelta(minutes=1)},
    "answers": {"task": "osint.tasks.forget_answers", "schedule": timedelta(hours=1)},
}

# Logs: JSON for machines, plain lines for a person at a terminal.
AXES_VERBOSE = False
LOGGING = logs.configure(
    form=env.choice("OSINT_LOG_FORMAT", "console" if sys.stderr.isatty() else "json", ("json", "console")),
    level=env.choice("OSINT_LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper(),
)
