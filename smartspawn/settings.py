"""The one reader of the environment; each setting is documented in ``.env.example``."""

from __future__ import annotations

import os
import secrets
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from smartspawn.access.rates import Rate, parse_rate
from smartspawn.lib.keyfile import read_or_create_secret

BASE_DIR = Path(__file__).resolve().parent.parent
PROVIDER_KEY_NAMES = [
    "OPENROUTER_API_KEY",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "GROQ_API_KEY",
    "DEEPSEEK_API_KEY",
    "MISTRAL_API_KEY",
    "TOGETHER_API_KEY",
    "XAI_API_KEY",
]


class _Env(environ.Env):  # type: ignore[misc]  # django-environ ships no types
    """Names the variable whose value cannot be used, and takes no unknown word for "no"."""

    def int(self, var: str, default: Any = environ.Env.NOTSET) -> int:
        try:
            return int(super().int(var, default=default))
        except ValueError as error:
            raise ImproperlyConfigured(f"{var}={os.environ.get(var)!r} is not a whole number.") from error

    def decimal(self, var: str, default: str) -> Decimal | None:
        """An amount that is not negative; None where the variable is empty."""
        word = super().str(var, default=default).strip()
        try:
            amount = Decimal(word) if word else None
        except InvalidOperation as error:
            raise ImproperlyConfigured(f"{var}={word!r} is no amount.") from error
        if amount is not None and not (amount.is_finite() and amount >= 0):
            raise ImproperlyConfigured(f"{var}={word!r} is no amount that can be spent.")
        return amount

    def bool(self, var: str, default: Any = environ.Env.NOTSET) -> bool:
        word = os.environ.get(var, "").strip().lower()
        if word not in {"", "on", "off", "yes", "no", "true", "false", "1", "0"}:
            raise ImproperlyConfigured(f"{var}={word!r} is neither on nor off.")
        return bool(super().bool(var, default=default)) if word else bool(default)


env = _Env()
if env.bool("SMARTSPAWN_DOTENV", default=True):  # the tests switch it off: they are not about this machine
    environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

# Scoring solves systems of a few hundred rows: on a busy machine a second thread costs far more than it brings.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# --- where things live ----------------------------------------------------------------------
HOME_DIR = Path(env.str("SMARTSPAWN_HOME", default=str(BASE_DIR / "var"))).expanduser().resolve()
try:
    HOME_DIR.mkdir(parents=True, exist_ok=True)
    SECRET_KEY = env.str("SECRET_KEY", default="") or read_or_create_secret(
        HOME_DIR / "secret_key", lambda: secrets.token_urlsafe(48)
    )
except OSError as error:
    raise ImproperlyConfigured(
        f"SMARTSPAWN_HOME={HOME_DIR} cannot be used ({error}). Point it at a folder that this user may write to."
    ) from error

# --- this server ----------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
PORT = env.int("PORT", default=8000)
HOST = env.str("HOST", default="127.0.0.1")
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # always answered: health checks ask by these
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=[]), *LOOPBACK_HOSTS]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Python runs one thread at a time; more threads than this only wait for each other, and each holds a connection.
WEB_THREADS = env.int("WEB_THREADS", default=8)
REQUEST_MAX_BYTES = env.int("REQUEST_MAX_BYTES", default=1024 * 1024)
CHAT_REQUEST_MAX_BYTES = env.int("CHAT_REQUEST_MAX_BYTES", default=20 * 1024 * 1024)  # /v1: pictures travel in it
# Django's own limit knows no addresses; BodyLimitMiddleware holds each address to its own before a view reads.
DATA_UPLOAD_MAX_MEMORY_SIZE = max(REQUEST_MAX_BYTES, CHAT_REQUEST_MAX_BYTES)

ROOT_URLCONF = "smartspawn.urls"
ASGI_APPLICATION = "smartspawn.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "access.User"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "smartspawn",
    "smartspawn.access",
    "catalog",
    "routing",
    "runs",
    "feedback",
]

MIDDLEWARE = [
    "smartspawn.access.headers.HeadersMiddleware",
    "smartspawn.access.middleware.ProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "smartspawn.tracing.TraceMiddleware",
    "smartspawn.api.ErrorsMiddleware",
    "smartspawn.api.BodyLimitMiddleware",
    "smartspawn.access.middleware.LimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "smartspawn.access.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "smartspawn.access.context.actor",
            ],
        },
    }
]


# --- access: who may do what, and how often -----------------------------------------------------
def _rate(name: str, default: str) -> Rate | None:
    """The rate limit in this variable; None when it is off."""
    try:
        return parse_rate(env.str(name, default=default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


RATE_LIMIT = _rate("SMARTSPAWN_RATE_LIMIT", "200/min")  # the API, by client
PAGE_RATE_LIMIT = _rate("SMARTSPAWN_PAGE_RATE_LIMIT", "600/min" if RATE_LIMIT else "off")  # pages and their parts
REFRESH_RATE_LIMIT = _rate("SMARTSPAWN_REFRESH_RATE_LIMIT", "2/h")
SIGNIN_RATE_LIMIT = _rate("SMARTSPAWN_SIGNIN_RATE_LIMIT", "10/5min")  # by client, and again by name
KEY_FAILURE_RATE_LIMIT = _rate("SMARTSPAWN_KEY_FAILURE_RATE_LIMIT", "20/min")  # uses of keys that open nothing
# Reports of work and outcomes by nobody in particular: by client, and by all of them together.
FEEDBACK_RATE_LIMIT = _rate("SMARTSPAWN_FEEDBACK_RATE_LIMIT", "60/min")
FEEDBACK_SITE_RATE_LIMIT = _rate("SMARTSPAWN_FEEDBACK_SITE_RATE_LIMIT", "5000/day")
# Reports to a community server: by instance, client and key; by network (/24, /48); and by all of them together.
COMMUNITY_RATE_LIMIT = _rate("SMARTSPAWN_COMMUNITY_RATE_LIMIT", "100/h")
COMMUNITY_NETWORK_RATE_LIMIT = _rate("SMARTSPAWN_COMMUNITY_NETWORK_RATE_LIMIT", "300/h")
COMMUNITY_SITE_RATE_LIMIT = _rate("SMARTSPAWN_COMMUNITY_SITE_RATE_LIMIT", "50000/day")
OPEN_API = env.bool("SMARTSPAWN_OPEN_API", default=True)

try:
    TRUSTED_PROXIES = [ip_network(proxy) for proxy in env.list("TRUSTED_PROXIES", default=[])]
except ValueError as error:
    raise ImproperlyConfigured(
        f"TRUSTED_PROXIES: {error}. List addresses or networks: 10.0.0.0/8,192.168.1.7"
    ) from error

# Where people reach this site: in sign-in links and feeds. With https the cookies become secure.
SITE_URL = env.str("SITE_URL", default=f"http://{'localhost' if HOST in ('0.0.0.0', '::') else HOST}:{PORT}")  # noqa: S104 - compared, not bound
HAS_SITE_URL = "SITE_URL" in os.environ
IS_HTTPS = SITE_URL.startswith("https://")
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if IS_HTTPS else 0)
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_NAME = "smartspawn_session"  # other programs on localhost share the cookie jar
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = "smartspawn_csrf"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_FAILURE_VIEW = "smartspawn.api.csrf_failure"
LOGIN_URL = "access:sign-in"
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- database, cache, queue -------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{HOME_DIR / 'smartspawn.db'}")
if not DATABASE_URL.startswith(("sqlite:///", "postgres://", "postgresql://")):
    raise ImproperlyConfigured("DATABASE_URL is neither sqlite:///PATH nor postgres://USER:PASSWORD@HOST:PORT/NAME.")
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(DATABASE_URL)}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if IS_SQLITE:
    # IMMEDIATE: a read that turns into a write must wait for its turn instead of failing.
    # FULL: money is written here; an acknowledged write must survive a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(HOME_DIR / "test.db")}
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 60  # opening one costs as much as several questions, on SQLite too
REDIS_URL = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "smartspawn",
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- runs: how much at once, how long, how dear -------------------------------------------------
MAX_PARALLEL_RUNS = env.int("MAX_PARALLEL_RUNS", default=4)  # driven at once by one process
MAX_PARALLEL_NODES_PER_RUN = env.int("MAX_PARALLEL_NODES_PER_RUN", default=50)
NODE_TIMEOUT_SECONDS = env.int("NODE_TIMEOUT_SECONDS", default=180)
RUN_TIMEOUT_SECONDS = env.int("RUN_TIMEOUT_SECONDS", default=1800)
CHAT_TIMEOUT_SECONDS = env.int("CHAT_TIMEOUT_SECONDS", default=600)  # a call of /v1, all its places together
MAX_USD_PER_RUN = env.decimal("MAX_USD_PER_RUN", default="5")  # where a run says nothing else; empty: no limit
APPROVE_ABOVE_USD = env.decimal("APPROVE_ABOVE_USD", default="1")  # a dearer run waits for a yes; empty: never
# What a token of a model without a known price is taken to cost; empty: such a model is refused.
UNPRICED_USD_PER_MTOK = env.decimal("UNPRICED_USD_PER_MTOK", default="")
ARTIFACTS = env.str("ARTIFACTS", default="database")  # or "disk": files below SMARTSPAWN_HOME/artifacts
# Days; 0: for ever. smartspawn/storage lists all that is kept, and prunes.
ARTIFACT_RETENTION_DAYS = env.int("ARTIFACT_RETENTION_DAYS", default=30)
RUN_TEXTS_KEPT_DAYS = env.int("RUN_TEXTS_KEPT_DAYS", default=30)
EVENTS_KEPT_DAYS = env.int("EVENTS_KEPT_DAYS", default=30)
DECISION_TEXTS_KEPT_DAYS = env.int("DECISION_TEXTS_KEPT_DAYS", default=30)
UNNAMED_REPORTS_KEPT_DAYS = env.int("UNNAMED_REPORTS_KEPT_DAYS", default=30)
HELD_BACK_KEPT_DAYS = env.int("HELD_BACK_KEPT_DAYS", default=30)
ALERT_MESSAGES_KEPT_DAYS = env.int("ALERT_MESSAGES_KEPT_DAYS", default=30)
# Keys that the environment brings along; others are set on the Connections page.
PROVIDER_KEYS = {name: env.str(name, default="") for name in PROVIDER_KEY_NAMES}
# Command-line agents that may be started ("claude,codex"), and the folder below which they may work.
HARNESSES = env.list("HARNESSES", default=[])
HARNESS_TIMEOUT_SECONDS = env.int("HARNESS_TIMEOUT_SECONDS", default=900)
HARNESS_WORK_DIR = env.str("HARNESS_WORK_DIR", default=str(HOME_DIR / "work"))
# Who searches the web for research: "brave", "tavily" (both need a key) or "searxng" (needs the server's address).
SEARCH_PROVIDER = env.str("SEARCH_PROVIDER", default="")
SEARCH_API_KEY = env.str("SEARCH_API_KEY", default="")
SEARCH_BASE_URL = env.str("SEARCH_BASE_URL", default="")

Q_CLUSTER = {
    "name": "smartspawn",
    "orm": "default",
    "broker_class": "smartspawn.heartbeat.BeatingBroker",
    "workers": env.int("WORKERS", default=2),
    # A task rings, the rows keep the state: one attempt, and a retry later than any timeout.
    # A worker takes on further runs for as long as one may last; each ends by itself, this is for one that cannot.
    "timeout": 2 * RUN_TIMEOUT_SECONDS + 120,
    "retry": 2 * RUN_TIMEOUT_SECONDS + 420,
    "max_attempts": 1,
    "ack_failures": True,
    "queue_limit": 2,
    "bulk": 1,
    "poll": 0.2,
    "catch_up": False,
    "recycle": 200,
    "save_limit": 500,
    "label": "Queue",
}

# --- e-mail: alerts of budgets go out through it; without it they stay on the pages and in webhooks --------------
EMAIL_URL = env.str("EMAIL_URL", default="")
if EMAIL_URL:
    try:
        globals().update(env.email_url_config(EMAIL_URL))
    except (KeyError, ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured("EMAIL_URL does not look like smtp+tls://USER:PASSWORD@HOST:587.") from error
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="smartspawn@localhost")

# --- secrets and sources -----------------------------------------------------------------------
SECRETS_KEYS = env.list("SECRETS_KEYS", default=[])  # newest first; empty: a key file in HOME_DIR
REFRESH_API_KEY = env.str("REFRESH_API_KEY", default="")
AUTO_REFRESH = env.bool("SMARTSPAWN_AUTO_REFRESH", default=True)
SOURCE_BASE_URLS = env.dict("SMARTSPAWN_SOURCE_BASE_URLS", default={})  # upstream host=mirror address

# --- routing ----------------------------------------------------------------------------------
# A folder of ONNX graph, spm.model and settings: ours, or a downloaded spawn-router.
CLASSIFIER_DIR = env.str("SMARTSPAWN_CLASSIFIER_DIR", default=str(BASE_DIR / "routing" / "classifier" / "bundle"))

# Decisions older than this, and beyond this many, go; a decision that a person overrode stays for training.
DECISIONS_KEPT_DAYS = env.int("DECISIONS_KEPT_DAYS", default=400)
DECISIONS_KEPT_MOST = env.int("DECISIONS_KEPT_MOST", default=1_000_000)

# --- community: nothing is sent or collected unless somebody switches it on -----------------------
# None: as an admin switches it on the Community page.
COMMUNITY_SERVER = env.bool("COMMUNITY_SERVER", default=False) if os.environ.get("COMMUNITY_SERVER") else None
COMMUNITY_URL = env.str("COMMUNITY_URL", default="").strip().rstrip("/")  # whose API ends in /api
COMMUNITY_ALLOW_PRIVATE = env.bool("COMMUNITY_ALLOW_PRIVATE", default=False)  # it may lie in one's own network
DO_NOT_TRACK = env.str("DO_NOT_TRACK", default="").strip().lower() not in {"", "0", "false", "no", "off"}

# --- health: past this age of the catalogue /readyz answers 503; 0: an old catalogue is better than none ------
READYZ_CATALOG_MAX_AGE_H = env.int("READYZ_CATALOG_MAX_AGE_H", default=0)
READYZ_DISK_FREE_MB = env.int("READYZ_DISK_FREE_MB", default=200)  # with less nothing can be written soon; 0: no matter

# --- language, time, files --------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = HOME_DIR / "static"  # filled by collectstatic, which every start does
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600  # names with a hash in them are kept for ever anyway
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- traces: sent where a collector is named; OpenTelemetry reads the other OTEL_* variables itself -----------
OTEL_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="") or env.str(
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", default=""
)
OTEL_SERVICE_NAME = env.str("OTEL_SERVICE_NAME", default="smart-spawn")
OTEL_TELL_PROVIDERS = env.bool("OTEL_TELL_PROVIDERS", default=False)  # send traceparent along with calls of models

# --- logs: everything to standard error; the supervisor keeps it in HOME_DIR/logs ---------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handlers would mail and print a second time.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "django-q": {"level": "WARNING"},  # at INFO it tells of every beat
    },
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["smartspawn.api.JSONBodyParser"],
    # Who may call is decided by the gate in front of the view; see smartspawn/access/gates.py.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "EXCEPTION_HANDLER": "smartspawn.api.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "smartspawn.access.schema.GateSchema",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Smart Spawn",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Which language model should do this task, and was that the right choice? "
    'Every error is {"error": {"code", "message"}}.',
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: ss_..."},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
        }
    },
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
}
