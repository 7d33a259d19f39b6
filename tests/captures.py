"""A folder of saved answers, laid out as ``manage.py refresh_catalog --from-captures`` reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import upstream_rows


def write_captures(directory: Path) -> Path:
    """Fill the folder with one saved answer of everything that the test upstream serves."""
    _write(directory / "openrouter.json", {"data": upstream_rows.openrouter_rows()})
    for config in ("text_style_control", "vision"):
        body = upstream_rows.parquet_body(upstream_rows.lmarena_rows(config))
        _write(directory / "lmarena" / f"{config}-latest.parquet", body)
    for release in upstream_rows.LIVEBENCH_RELEASES:
        _write(directory / "livebench" / f"table_{release}.csv", upstream_rows.livebench_table(release).encode())
        _write(directory / "livebench" / f"categories_{release}.json", upstream_rows.LIVEBENCH_CATEGORIES)
    rows = [upstream_rows.legacy_artificial_analysis_row(row) for row in upstream_rows.artificial_analysis_rows()]
    _write(directory / "artificial-analysis-legacy.json", {"status": 200, "data": rows})
    hf = upstream_rows.hf_rows()
    for offset in range(0, len(hf), 100):
        page = [{"row_idx": number, "row": row} for number, row in enumerate(hf)][offset : offset + 100]
        _write(directory / "hf-leaderboard" / f"rows-{offset:04d}.json", {"rows": page, "num_rows_total": len(hf)})
    return directory


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
