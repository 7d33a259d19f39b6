"""Rows for the local test upstream, in each source's own wire format.

OpenRouter's and LMArena's are facts (``upstream_data/README.md``); the others are invented: the
names are spelled as the source would spell them, the numbers come from a seeded generator.
"""

from __future__ import annotations

import io
import json
import random
import uuid
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "upstream_data"
LMARENA_DATE = "2026-07-08"
LIVEBENCH_RELEASES = ("2025_11_25", "2026_01_08", "2026_06_25")

# A model's name as Artificial Analysis and as LiveBench would write it, and how good it is (0-1).
MODELS: tuple[tuple[str, str, str, float], ...] = (
    ("Anthropic", "Claude Opus 4.7 (Adaptive Reasoning, Max Effort)", "claude-opus-4-7-thinking-auto-max-effort", 0.97),
    ("Anthropic", "Claude Opus 4.7 (Non-reasoning)", "claude-opus-4-7-base", 0.88),
    ("Anthropic", "Claude Sonnet 4.6 (Adaptive Reasoning)", "claude-sonnet-4-6-thinking-64k", 0.88),
    ("Anthropic", "Claude 4.5 Haiku (Reasoning)", "claude-haiku-4-5-20251001-thinking-64k", 0.66),
    ("Anthropic", "Claude 4.5 Sonnet (Non-reasoning)", "claude-sonnet-4-5-20250929", 0.72),
    ("OpenAI", "GPT-5.5 (xhigh)", "gpt-5.5-xhigh", 0.98),
    ("OpenAI", "GPT-5.5 (low)", "gpt-5.5-low", 0.86),
    ("OpenAI", "GPT-5.4 (high)", "gpt-5.4-high", 0.93),
    ("OpenAI", "GPT-5.4 mini (medium)", "gpt-5.4-mini-medium", 0.74),
    ("OpenAI", "GPT-5.4 nano (medium)", "gpt-5.4-nano-medium", 0.6),
    ("OpenAI", "GPT-4.1", "gpt-4.1-2025-04-14", 0.55),
    ("OpenAI", "GPT-4o mini", "gpt-4o-mini-2024-07-18", 0.28),
    ("OpenAI", "o3", "o3-high", 0.78),
    ("OpenAI", "gpt-oss-120B (high)", "gpt-oss-120b-high", 0.64),
    ("OpenAI", "gpt-oss-20B (high)", "gpt-oss-20b-high", 0.5),
    ("Google", "Gemini 3.1 Pro Preview", "gemini-3.1-pro-preview-high", 0.95),
    ("Google", "Gemini 3.5 Flash (high)", "gemini-3.5-flash-high", 0.87),
    ("Google", "Gemini 2.5 Pro", "gemini-2.5-pro", 0.73),
    ("Google", "Gemini 2.5 Flash (Non-reasoning)", "gemini-2.5-flash", 0.52),
    ("Google", "Gemma 4 31B (Reasoning)", "gemma-4-31b-it", 0.58),
    ("xAI", "Grok 4.3 (high)", "grok-4.3", 0.85),
    ("DeepSeek", "DeepSeek V4 Pro (Reasoning)", "deepseek-v4-pro-thinking", 0.84),
    ("DeepSeek", "DeepSeek V4 Flash (Non-reasoning)", "deepseek-v4-flash", 0.66),
    ("DeepSeek", "DeepSeek R1 0528 (May '25)", "deepseek-r1-0528", 0.6),
    ("Z AI", "GLM-5.1 (Reasoning)", "glm-5.1", 0.82),
    ("Kimi", "Kimi K2.6", "kimi-k2.6-thinking", 0.83),
    ("Alibaba", "Qwen3 Max", "qwen3-max", 0.63),
    ("Alibaba", "Qwen3 32B (Reasoning)", "qwen3-32b-thinking", 0.5),
    ("Mistral", "Mistral Large 3", "mistral-large-2512", 0.51),
    ("Meta", "Llama 3.3 Instruct 70B", "llama-3.3-70b-instruct", 0.36),
    ("Nowhere Labs", "Unlisted One (Preview)", "unlisted-one-preview", 0.4),
)

LIVEBENCH_CATEGORIES: dict[str, list[str]] = {
    "Reasoning": ["theory_of_mind", "zebra_puzzle", "spatial", "logic_with_navigation"],
    "Coding": ["code_generation", "code_completion"],
    "Agentic Coding": ["javascript", "typescript", "python"],
    "Mathematics": ["AMPS_Hard", "integrals_with_game", "math_comp", "olympiad"],
    "Data Analysis": ["consecutive_events", "tablejoin", "tablereformat"],
    "Language": ["connections", "plot_unscrambling", "typos"],
    "IF": ["paraphrase", "simplify", "story_generation", "summarize"],
}
_AA_SHARES = ("mmlu_pro", "gpqa", "hle", "livecodebench", "scicode", "ifbench", "lcr", "tau2")


def openrouter_rows() -> list[dict[str, Any]]:
    """Listed models as of 2026-07-22, with a batch entry and a pseudo-model resolved by an alias."""
    rows: list[dict[str, Any]] = json.loads((_DATA / "openrouter.json").read_text())["data"]
    listed = {row["id"]: row for row in rows}
    listed["~openai/gpt-latest"]["alias_target"] = {"name": "GPT-5.5", "slug": "openai/gpt-5.5"}
    batch = json.loads(json.dumps(listed["openai/gpt-5.4"]))
    batch |= {"id": "openai/gpt-5.4:batch", "name": f"{batch['name']} (batch)"}
    batch["pricing"] = {"prompt": "0.00000125", "completion": "0.0000075"}
    return [*rows, batch]


def lmarena_rows(config: str) -> list[dict[str, Any]]:
    """The ratings of a configuration, in the columns of the dataset."""
    generator = random.Random(config)
    rated = json.loads((_DATA / "lmarena.json").read_text())[config]
    return [
        {
            "model_name": name,
            "organization": "",
            "license": "Proprietary",
            "rating": rating,
            "rating_lower": lower,
            "rating_upper": upper,
            "variance": None,
            "vote_count": float(generator.randrange(500, 60_000)),
            "rank": float(rank),
            "category": category,
            "leaderboard_publish_date": LMARENA_DATE,
        }
        for rank, (name, category, rating, lower, upper) in enumerate(rated, start=1)
    ]


def parquet_body(rows: list[dict[str, Any]]) -> bytes:
    """The rows as a parquet file."""
    from arro3.core import Array, DataType, Table
    from arro3.io import write_parquet

    is_number = {"rating", "rating_lower", "rating_upper", "variance", "vote_count", "rank"}
    columns = {
        name: Array([row.get(name) for row in rows], type=DataType.float64() if name in is_number else DataType.utf8())
        for name in (rows[0] if rows else {})
    }
    body = io.BytesIO()
    write_parquet(Table.from_pydict(columns), body)
    return body.getvalue()


def livebench_table(release: str) -> str:
    """A release's table: the newest one has measured fewer models and leaves cells blank."""
    generator = random.Random(release)
    tasks = sorted(task for tasks in LIVEBENCH_CATEGORIES.values() for task in tasks)
    models = MODELS[:18] if release == LIVEBENCH_RELEASES[-1] else MODELS
    lines = [",".join(("model", *tasks))]
    for number, (_, _, name, quality) in enumerate(models):
        cells = [f"{min(100, max(0, 100 * quality + generator.gauss(-8, 7))):.3f}" for _ in tasks]
        if number % 7 == 3:
            cells[number % len(cells)] = ""
        lines.append(",".join((name, *cells)))
    return "\n".join(lines) + "\n"


def artificial_analysis_rows() -> list[dict[str, Any]]:
    """Rows of the free endpoint; every sixth was not measured for speed and says so with zeros."""
    generator = random.Random("artificial-analysis")
    return [
        _artificial_analysis_row(number, organization, name, quality, generator)
        for number, (organization, name, _, quality) in enumerate(MODELS)
    ]


def _artificial_analysis_row(
    number: int, organization: str, name: str, quality: float, generator: random.Random
) -> dict[str, Any]:
    index = round(60 * quality + generator.gauss(0, 2), 1)
    is_measured = number % 6 != 5
    speed = round(generator.uniform(20, 250), 2) if is_measured else 0
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        "name": name,
        "slug": name.lower().replace(" ", "-"),
        "release_date": f"2026-0{1 + number % 6}-15",
        "model_creator": {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, organization)), "name": organization},
        "evaluations": {
            "artificial_analysis_intelligence_index": index,
            "artificial_analysis_coding_index": round(index * 1.1, 1) if number % 4 else None,
            "artificial_analysis_agentic_index": round(index * 0.8, 1) if number % 3 else None,
        },
        "artificial_analysis_intelligence_index_cost": None,
        "pricing": {
            "price_1m_input_tokens": round(10 * quality**4, 3) if is_measured else 0,
            "price_1m_output_tokens": round(50 * quality**4, 3) if is_measured else 0,
            "price_1m_cache_hit_tokens": None,
            "price_1m_cache_write_tokens": None,
        },
        "performance": {
            "median_output_tokens_per_second": speed,
            "median_time_to_first_token_seconds": round(generator.uniform(0.3, 30), 2) if is_measured else 0,
        },
    }


def legacy_artificial_analysis_row(row: dict[str, Any]) -> dict[str, Any]:
    """The same row in the dialect of the endpoint that was retired."""
    generator = random.Random(row["name"])
    shares = {name: round(generator.uniform(0.05, 0.95), 3) for name in _AA_SHARES}
    evaluations = {key: value for key, value in row["evaluations"].items() if "agentic" not in key}
    speeds = row["performance"]
    return {
        **{key: row[key] for key in ("id", "name", "slug", "release_date")},
        "model_creator": {**row["model_creator"], "slug": row["model_creator"]["name"].lower()},
        "evaluations": {**evaluations, **shares, "math_500": None},
        "pricing": {key: row["pricing"][key] for key in ("price_1m_input_tokens", "price_1m_output_tokens")},
        "median_output_tokens_per_second": speeds["median_output_tokens_per_second"],
        "median_time_to_first_token_seconds": speeds["median_time_to_first_token_seconds"],
    }


def hf_rows(count: int = 230) -> list[dict[str, Any]]:
    """Rows of the archived leaderboard: two listed models among invented fine-tunes, one of them twice."""
    generator = random.Random("hf-leaderboard")
    names = ["meta-llama/Llama-3.1-8B-Instruct", "microsoft/phi-4", "microsoft/phi-4"]
    names += [f"someone{number}/Finetune-{number}-7B" for number in range(count - len(names))]
    return [_hf_row(number, name, generator) for number, name in enumerate(names)]


def _hf_row(number: int, name: str, generator: random.Random) -> dict[str, Any]:
    scores = {
        column: round(generator.uniform(2, 60), 6)
        for column in ("IFEval", "BBH", "MATH Lvl 5", "GPQA", "MUSR", "MMLU-PRO")
    }
    precision = ("bfloat16", "float16")[number % 2]
    anchor = f'<a target="_blank" href="https://huggingface.co/{name}" style="color: red">{name}</a>'
    return {
        "eval_name": f"{name.replace('/', '_')}_{precision}",
        "Precision": precision,
        "Type": "💬 chat models (RLHF, DPO, IFT, ...)",
        "Model": f'{anchor} <a target="_blank" href="https://huggingface.co/datasets/x">📑</a>',
        "fullname": name,
        "Average ⬆️": round(sum(scores.values()) / len(scores), 6),
        "#Params (B)": -1,
        "Available on the hub": number % 4 != 3,
        "Flagged": number % 50 == 49,
        **{f"{column} Raw": score / 100 for column, score in scores.items()},
        **scores,
        "Upload To Hub Date": "2024-08-01",
        "Submission Date": "2024-09-01",
    }
