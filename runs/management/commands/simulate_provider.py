"""``simulate_provider``: a provider on this machine that answers without a model, for trying and measuring."""

from __future__ import annotations

import errno
import socket
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runs.simulator.app import Simulator
from runs.simulator.scenario import Scenario, parse_latency
from runs.simulator.server import bind, make_server
from smartspawn.lib.errors import InvalidParam


class Command(BaseCommand):
    help = (
        "Serve a simulated provider that speaks OpenAI, Anthropic and Gemini, with chosen latency, faults and prices. "
        "GET /bill tells what it has seen and would bill. A model named ...fail-402 always fails with that status. A "
        'prompt with the line "call the tool NAME with {...}" has that tool called, where it is offered.'
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--host", default="127.0.0.1")
        add("--port", type=int, default=9400, help="0 takes a free one")
        add("--latency", default="100ms", help="100ms, 1.5s or lognormal:MEDIAN_MS:SIGMA")
        add("--error-rate", type=float, default=0.0, help="share of calls that fail with 500")
        add("--rate-limit-rate", type=float, default=0.0, help="share of calls that fail with 429")
        add("--cut-rate", type=float, default=0.0, help="share of answers that break off in the middle")
        add("--retry-after", type=float, default=1.0, help="seconds that a 429 asks to wait")
        add("--tokens", type=int, default=50, help="of an answer")
        add("--reasoning-tokens", type=int, default=0)
        add("--cached-share", type=float, default=0.0, help="of the prompt that counts as read from a cache")
        add("--price", default="0.5:1.5", help="dollars for a million tokens, prompt:completion")
        add("--pieces", type=int, default=4, help="of a stream")
        add("--piece-delay", default="0ms", help="between two pieces of a stream: the slow mode")
        add("--score", type=float, help="what judges say; otherwise 5 to 9, by the prompt")
        add("--key", default="", help="the only key that is accepted; otherwise any is")
        add("--seed", type=int, default=1)

    def handle(self, **options: Any) -> None:
        scenario = _read_scenario(options)
        listener = _bind(options["host"], options["port"])
        host, port = listener.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self.stdout.write(f"Simulated provider on {address}/v1 (bill: {address}/bill). Ctrl-C ends it.")
        self.stdout.flush()
        make_server(Simulator(scenario)).run(sockets=[listener])


def _bind(host: str, port: int) -> socket.socket:
    try:
        return bind(host, port)
    except (OSError, OverflowError) as refusal:
        if getattr(refusal, "errno", None) == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} of {host} is taken, maybe by another simulator: choose another one with --port (0: any)."
            ) from refusal
        raise CommandError(
            f"Cannot listen on port {port} of {host} ({refusal}): name others with --host and --port."
        ) from refusal


def _read_scenario(options: dict[str, Any]) -> Scenario:
    try:
        prompt, completion = (Decimal(price) for price in options["price"].split(":"))
        rates = [options[name] for name in ("error_rate", "rate_limit_rate", "cut_rate", "cached_share")]
        if not all(0 <= rate <= 1 for rate in rates) or min(prompt, completion) < 0 or options["pieces"] < 1:
            raise CommandError("Rates and shares lie between 0 and 1, prices are not negative, a stream has a piece.")
        return Scenario(
            latency=parse_latency(options["latency"]),
            error_rate=options["error_rate"],
            rate_limit_rate=options["rate_limit_rate"],
            cut_rate=options["cut_rate"],
            retry_after_s=options["retry_after"],
            piece_delay_ms=parse_latency(options["piece_delay"]).median_ms,
            pieces=options["pieces"],
            output_tokens=options["tokens"],
            reasoning_tokens=options["reasoning_tokens"],
            cached_share=options["cached_share"],
            prompt_usd_per_mtok=prompt,
            completion_usd_per_mtok=completion,
            score=options["score"],
            key=options["key"],
            seed=options["seed"],
        )
    except (ValueError, InvalidOperation) as error:
        raise CommandError(
            "--price is two numbers: dollars for a million tokens of prompt and of completion"
        ) from error
    except InvalidParam as error:
        raise CommandError(error.message) from error
