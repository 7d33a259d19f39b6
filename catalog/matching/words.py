"""The few words whose meaning in a model name is known; every other word must simply agree."""

from __future__ import annotations

from typing import Final

# How much a model may think, as an attribute of one model. Where a catalogue entry carries the word
# in its own id ("o3-mini-high", "mistral-medium", "gpt-5.1-codex-max") it names that entry instead.
LEVELS: Final = frozenset({"none", "default", "minimal", "low", "medium", "high", "xhigh", "max"})
MAX: Final = "max"  # also a product ("Qwen3 Max"), so it needs more evidence than the others
EFFORT: Final = "effort"
THINKING: Final = frozenset({"thinking", "think", "thinker", "reasoning", "reasoner"})
NOT: Final = frozenset({"non", "no", "not", "without"})
KINDS_OF_THINKING: Final = frozenset({"adaptive", "extended", "hybrid"})
UNTHINKING: Final = frozenset({"nothinking", "nonthinking", "noreasoning", "nonreasoning"})
THINKING_LEVELS: Final = {
    f"{level}{word}": level.removesuffix("imum") if level != "min" else "minimal"
    for level in ("min", "minimal", "low", "medium", "high", "xhigh", "max")
    for word in ("thinking", "reasoning")
}
FALLBACK: Final = "fallback"  # "(..., Opus 4.8 Fallback)": what answers when the model refuses

# How finished a release is. A preview is another checkpoint than the release, unless only one of
# the two is listed; an experiment is never the release.
PREVIEW: Final = "preview"
LATEST: Final = "latest"
STAGES: Final = {
    "preview": "preview",
    "beta": "beta",
    "alpha": "alpha",
    "exp": "experimental",
    "experimental": "experimental",
    "latest": "latest",
}
UNFINISHED: Final = frozenset({"preview", "beta"})

# Tuned to follow instructions. Open weights come with and without; hosted ones are always tuned.
INSTRUCT: Final = frozenset({"instruct", "it", "instruction"})
CHAT: Final = "chat"
INSTANT: Final = "instant"
BASE: Final = "base"
# How hosts call their copy of open weights, after "instruct": "Llama-3.1-8B-Instruct-Turbo".
HOSTED_COPIES: Final = frozenset({"turbo", "basic"})

# How the weights are stored: the same model.
PRECISIONS: Final = frozenset(
    {"bf16", "fp16", "fp32", "fp8", "fp4", "nvfp4", "mxfp4", "int8", "int4", "4bit", "8bit", "hf"}
)

# Families that others fine-tune: "Hermes 4 - Llama-3.1 405B" is Hermes 4, whichever way it is written.
LINEAGES: Final = {"llama": "meta"}
