"""What the queue runs for the community, by schedule."""

from __future__ import annotations

from asgiref.sync import async_to_sync

from feedback.community.fetching import fetch_if_wanted
from feedback.community.publishing import recount
from feedback.community.reporting import tidy_votes
from feedback.community.sending import send_due
from feedback.community.sharing import gather


def share_ratings() -> str:
    """Put what people share into the outbox, and send what is due."""
    return f"{gather()} put out, {async_to_sync(send_due)()} attempts"


def refresh_scores() -> str:
    """Drop what is too old, count the votes up anew, and fetch the scores of the community server."""
    return f"{tidy_votes()} votes dropped, {recount()} scores, fetched: {fetch_if_wanted()}"
