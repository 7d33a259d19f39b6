"""Keys that the environment brings along, as connections that nobody set up."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from runs.providers.known import KNOWN_PROVIDERS, KnownProvider

# Nobody can name a stored connection so: the two kinds never meet.
SUFFIX: Final = "-env"


def environment_key(provider: KnownProvider) -> str:
    """The key of the connection that the provider's variable makes."""
    return f"{provider.name}{SUFFIX}"


def environment_providers() -> tuple[KnownProvider, ...]:
    """The providers whose variable is set."""
    return tuple(provider for provider in KNOWN_PROVIDERS if provider.env_var and environment_secret(provider))


def environment_secret(provider: KnownProvider) -> str:
    """The key in the provider's variable, or nothing."""
    return str(settings.PROVIDER_KEYS.get(provider.env_var, "")).strip()


def find_environment_provider(key: str) -> KnownProvider | None:
    """The provider behind an environment connection's key, or None where its variable is not set."""
    return next((provider for provider in environment_providers() if environment_key(provider) == key), None)
