"""The product's settings, away from this machine's data, keys and habits."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
TEST_HOME = Path(tempfile.mkdtemp(prefix=f"smartspawn-tests-{WORKER or 'main'}-"))


def _redis_url_of_worker(url: str) -> str:
    """Each worker its own Redis database, counted from the one that the address names."""
    base, number = re.fullmatch(r"(.*?)(?:/(\d+))?", url).groups()  # type: ignore[union-attr]  # it always matches
    return f"{base}/{int(number or 0) + int(WORKER.removeprefix('gw') or 0)}"


# Before the product reads its environment: a checkout's .env and var/ are somebody's, and not ours to touch.
for name in ("DEBUG", "SECRET_KEY", "SECRETS_KEYS", "REFRESH_API_KEY", "SITE_URL", "HOST", "PORT", "ALLOWED_HOSTS"):
    os.environ.pop(name, None)
for name in [name for name in os.environ if name.startswith("SMARTSPAWN_")]:
    del os.environ[name]
os.environ["SMARTSPAWN_DOTENV"] = "off"
os.environ["SMARTSPAWN_HOME"] = str(TEST_HOME)
os.environ["SMARTSPAWN_AUTO_REFRESH"] = "off"
if os.environ.get("REDIS_URL"):
    os.environ["REDIS_URL"] = _redis_url_of_worker(os.environ["REDIS_URL"])

from smartspawn.settings import *  # noqa: E402, F403, TID251 - the one place that builds on the product's settings

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 is slow on purpose
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Names without a hash: pages can be rendered without collecting files first.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = TEST_HOME / "static"
STATIC_ROOT.mkdir()
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

# Tests ask as often as they like; those of the limits set their own.
RATE_LIMIT = PAGE_RATE_LIMIT = REFRESH_RATE_LIMIT = SIGNIN_RATE_LIMIT = KEY_FAILURE_RATE_LIMIT = None
FEEDBACK_RATE_LIMIT = FEEDBACK_SITE_RATE_LIMIT = None

# Threads end with their test; a connection that one of them kept would be found open when it is collected.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405 - it comes with the star above
