"""Whether the classifier's bundle can be used: asked when the web server starts, which goes on without it."""

from __future__ import annotations

import logging
from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's own names

LOG = logging.getLogger(__name__)
SERVING_TAG = "serving"  # as in smartspawn.checks, which may not be imported from here


@register(SERVING_TAG, deploy=True)
def classifier_bundle_is_usable(**_kwargs: Any) -> list[CheckMessage]:
    """Report bundle and hash after its self-test; warn where words must stand in for it."""
    from routing.classifier.classify import classifier_status  # heavy, and most commands choose no model

    status = classifier_status()
    if status.is_usable:
        LOG.info("Classifier: %s, sha256 %s, self-test passed.", status.engine, status.engine_sha256[:16])
        return []
    return [
        Warning(
            f"The classifier cannot be used, keywords stand in for it: {status.fault}",
            hint="Point SMARTSPAWN_CLASSIFIER_DIR at a whole bundle, or unset it to use the one that ships.",
            id="routing.W001",
        )
    ]
