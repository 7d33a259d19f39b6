"""What a request for work looks like on the wire: one serializer for API, pages, tools and command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.shapes import Budget
from routing.inputs import MAX_EXCLUDED, MAX_ID_CHARS, MAX_PREFERENCE, MAX_TAG_CHARS, MAX_TAGS, MAX_TASK_CHARS
from runs.chains.reading import read_chain
from runs.input_fields import JsonDocument, ModelName, Number, StrictSerializer, Switch, Text, Texts, Whole, Words
from runs.input_fields import read_model as _read_model
from runs.shapes import MergeStyle, Mode, RoleRequest, RunOptions, RunRequest
from runs.texts.ready_schemas import READY_SCHEMAS
from runs.texts.schema_check import check_schema
from smartspawn.lib.errors import BadInput

MAX_PROMPTS: Final = 10_000
MAX_SUBJECTS: Final = 50
MAX_CONTEXT_CHARS: Final = 400_000
MAX_TOTAL_CHARS: Final = 8_000_000  # all texts of a request together
MAX_SCHEMA_CHARS: Final = 64_000
MAX_CHAIN_CHARS: Final = 1_000_000
MAX_NODE_MODELS: Final = 200
MAX_PARALLEL_NODES: Final = 500
_MOST_BLOCKS: Final = 50
_TAG_LIST: Final = re.compile(r"[\w.+#-]{1,40}(\s*,\s*[\w.+#-]{1,40}){0,20}")


class RoleInput(StrictSerializer):
    """The blocks that are composed into every prompt, by their ids in the role library."""

    persona = Text(longest=MAX_ID_CHARS, help_text="Who speaks, such as fullstack-engineer.")
    stack = Words(most=_MOST_BLOCKS, longest=MAX_ID_CHARS, help_text="Technologies, such as react or postgres.")
    domain = Text(longest=MAX_ID_CHARS, help_text="The field of business, such as saas.")
    format = Text(longest=MAX_ID_CHARS, help_text="The kind of output, such as review.")
    guardrails = Words(most=_MOST_BLOCKS, longest=MAX_ID_CHARS, help_text="Rules that the answer must keep.")


class MergeInput(StrictSerializer):
    """How several answers become one."""

    style = serializers.ChoiceField(  # type: ignore[assignment]  # DRF moves fields away from its own attribute
        choices=[style.value for style in MergeStyle], required=False, allow_null=True
    )
    model = ModelName(help_text="Default: the best at hand, one tier up.")


class JudgeInput(StrictSerializer):
    """Who judges a cascade's cheap answer, and what is good enough."""

    model = ModelName(help_text="Default: one of another family than the model it judges.")
    threshold = Number(required=False, min_value=1, max_value=10, help_text="Escalate below it; default 7.")


class ReflectInput(StrictSerializer):
    """How severe a critic is, and how often a text is written again."""

    threshold = Number(required=False, min_value=1, max_value=10, help_text="Default 7.")
    maxRefinements = Whole(required=False, min_value=1, max_value=3, help_text="Default 1.")  # noqa: N815 - the wire's name


@extend_schema_field({"oneOf": [{"type": "boolean"}, {"type": "object", "additionalProperties": {}}]})
class _ReflectField(serializers.Field[Mapping[str, Any], Any, Any, Any]):
    """true, false, or an object with threshold and maxRefinements."""

    def to_internal_value(self, data: Any) -> Mapping[str, Any]:
        if isinstance(data, Mapping):
            inner = ReflectInput(data=data)
            inner.is_valid(raise_exception=True)
            return {"reflect": True, **inner.validated_data}
        return {"reflect": serializers.BooleanField().run_validation(data)}


class _SchemaField(JsonDocument):
    """A JSON Schema, or the name of one that is ready."""

    def to_internal_value(self, data: Any) -> Mapping[str, Any]:
        ready = READY_SCHEMAS.get(data.strip()) if isinstance(data, str) else None
        return super().to_internal_value(data) if ready is None else ready


class OptionsInput(StrictSerializer):
    """What may be added to any mode."""

    reflect = _ReflectField(
        required=False, help_text="A critic reads the answer; true, or {threshold, maxRefinements}."
    )
    vote = Whole(
        required=False, min_value=0, max_value=7, help_text="2-7 answers to each task, a judge takes the best."
    )
    skeleton = Switch(required=False, help_text="Outline first, then the sections side by side.")
    schema = _SchemaField(
        longest=MAX_SCHEMA_CHARS,
        allow_null=True,
        help_text=f"JSON Schema that the answer satisfies, or one of ours by name: {', '.join(READY_SCHEMAS)}.",
    )
    webSearch = Switch(required=False, help_text="Let models search where their provider can.")  # noqa: N815 - the wire's name
    stream = Switch(required=False, help_text="Keep partial texts for whoever watches; default true.")
    shareEqual = Switch(required=False, help_text="Equal prompts are asked once; default true.")  # noqa: N815 - the wire's name

    def validate_vote(self, count: int) -> int:
        if count == 1:
            raise serializers.ValidationError("A vote needs 2 to 7 answers; 0 is none.")
        return count

    def validate_schema(self, schema: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        problem = check_schema(schema) if schema is not None else ""
        if problem:
            raise serializers.ValidationError(problem)
        return schema


class RunInput(StrictSerializer):
    """POST /api/runs."""

    mode = serializers.ChoiceField(
        choices=[mode.value for mode in Mode],
        error_messages={"invalid_choice": f"mode must be one of {'|'.join(Mode)}", "required": "mode is required"},
    )
    task = Text(longest=MAX_TASK_CHARS, allow_null=True, help_text="What is to be done, in words.")
    prompts = Texts(most=MAX_PROMPTS, longest=MAX_TASK_CHARS, help_text=f"parallel: up to {MAX_PROMPTS} prompts.")
    subjects = Texts(most=MAX_SUBJECTS, longest=500, help_text="research: what to look into, one by one.")
    topic = Text(longest=2_000, help_text="research: what to find out about each subject.")
    chain = JsonDocument(
        longest=MAX_CHAIN_CHARS,
        allow_null=True,
        help_text='chain: {"stages": [...]}, {"auto": {...}} or {"template": "swot", ...}.',
    )
    context = Text(  # type: ignore[assignment]  # DRF moves fields away from its own attribute
        longest=MAX_CONTEXT_CHARS, allow_null=True, help_text="Background that every prompt carries."
    )
    contextTags = Words(  # noqa: N815 - the wire's name
        most=MAX_TAGS, longest=MAX_TAG_CHARS, help_text="What choosing heeds, such as typescript or vision."
    )
    label = Text(longest=200, help_text="Your own name for the run.")  # type: ignore[assignment]  # as above
    role = RoleInput(required=False, allow_null=True)
    options = OptionsInput(required=False, allow_null=True)
    budget = serializers.ChoiceField(choices=[budget.value for budget in Budget], required=False)
    preference = Whole(
        required=False, allow_null=True, min_value=0, max_value=MAX_PREFERENCE, help_text="0: cost, 10: quality."
    )
    model = ModelName(help_text="This model and no other; nothing is chosen.")
    nodeModels = serializers.DictField(child=ModelName(), required=False, help_text="Node key -> model, by hand.")  # noqa: N815 - the wire's name
    exclude = Words(most=MAX_EXCLUDED, longest=MAX_ID_CHARS + 11, help_text="Model ids to leave out.")
    collectiveCount = Whole(required=False, help_text="collective: 2-5 models, default 3; others are cut to fit.")  # noqa: N815 - the wire's name
    merge = MergeInput(required=False, allow_null=True)
    judge = JudgeInput(required=False, allow_null=True)
    driver = serializers.RegexField(
        r"^[a-z0-9-]{0,40}$",
        required=False,
        allow_blank=True,
        help_text="A command-line agent that does it, by its name; /api/connections lists them as meta.agents.",
    )
    maxUsd = serializers.DecimalField(  # noqa: N815 - the wire's name
        max_digits=16, decimal_places=9, min_value=0, required=False, allow_null=True, help_text="The run's cap."
    )
    approveAboveUsd = serializers.DecimalField(  # noqa: N815 - the wire's name
        max_digits=16,
        decimal_places=9,
        min_value=0,
        required=False,
        allow_null=True,
        help_text="A run that may cost more waits for a yes; a simulated one only where it says so here.",
    )
    maxOutputTokens = Whole(required=False, allow_null=True, min_value=1, max_value=1_000_000)  # noqa: N815 - the wire's name
    temperature = Number(required=False, allow_null=True, min_value=0, max_value=2)
    maxParallelNodes = Whole(required=False, allow_null=True, min_value=1, max_value=MAX_PARALLEL_NODES)  # noqa: N815 - the wire's name
    nodeTimeoutSeconds = Number(required=False, allow_null=True, min_value=1, max_value=3_600)  # noqa: N815 - the wire's name
    runTimeoutSeconds = Number(required=False, allow_null=True, min_value=1, max_value=86_400)  # noqa: N815 - the wire's name
    simulate = Switch(required=False, help_text="By the provider simulator alone, kept out of spend.")

    def validate_exclude(self, names: tuple[str, ...]) -> frozenset[str]:
        return frozenset(_read_model(name) for name in names)

    def validate_nodeModels(self, models: dict[str, str]) -> dict[str, str]:  # noqa: N802 - DRF finds it by the field's name
        if len(models) > MAX_NODE_MODELS:
            raise serializers.ValidationError(f"At most {MAX_NODE_MODELS} nodes can be given a model by hand.")
        return {key: model for key, model in models.items() if model}

    def validate_chain(self, chain: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        if chain is not None:
            try:
                read_chain(chain)
            except BadInput as fault:
                raise serializers.ValidationError(fault.message) from fault
        return chain

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        _require_work(given)
        texts = [given.get("task"), given.get("context"), *given.get("prompts", ()), *given.get("subjects", ())]
        if sum(len(text or "") for text in texts) > MAX_TOTAL_CHARS:
            raise serializers.ValidationError(
                f"The texts of a request may have {MAX_TOTAL_CHARS} characters in all.", code="too_long"
            )
        return given

    def to_request(self) -> RunRequest:
        """The request. Call after ``is_valid``."""
        return _to_request(self.validated_data)


def read_run(given: Mapping[str, Any]) -> RunRequest:
    """The request in these fields. Raises DRF's ValidationError, which every face translates."""
    body = RunInput(data=given)
    body.is_valid(raise_exception=True)
    return body.to_request()


# --- rules over several fields -------------------------------------------------------------


def _require_work(given: Mapping[str, Any]) -> None:
    """What each mode cannot do without."""
    mode = Mode(given["mode"])
    if mode is Mode.PARALLEL:
        missing = "" if given.get("prompts") else "prompts"
    elif mode is Mode.CHAIN:
        missing = _missing_of_chain(given.get("chain") or {}, given.get("task") or "")
    elif mode is Mode.RESEARCH:
        missing = "" if given.get("subjects") or given.get("topic") or given.get("task") else "topic"
    else:
        missing = "" if given.get("task") else "task"
    if missing:
        raise serializers.ValidationError({missing: f"{missing} is required"}, code="required")


def _missing_of_chain(chain: Mapping[str, Any], task: str) -> str:
    """A chain that is made for a task needs one; one that is written down says itself what to do."""
    auto = chain.get("auto")
    if isinstance(auto, Mapping) and not (auto.get("task") or task):
        return "task"
    return "" if chain or task else "chain"


# --- to the shape --------------------------------------------------------------------------


def _to_request(given: Mapping[str, Any]) -> RunRequest:
    role, merge, judge = (given.get(name) or {} for name in ("role", "merge", "judge"))
    context = given.get("context") or ""
    return RunRequest(
        mode=Mode(given["mode"]),
        task=given.get("task") or "",
        prompts=given.get("prompts", ()),
        subjects=tuple(dict.fromkeys(given.get("subjects", ()))),
        topic=given.get("topic", ""),
        chain=given.get("chain"),
        context=context,
        context_tags=_tags(given.get("contextTags", ()), context),
        label=given.get("label", ""),
        role=_role(role),
        options=_options(given.get("options") or {}),
        budget=Budget(given.get("budget", Budget.MEDIUM)),
        preference=given.get("preference"),
        model=given.get("model", ""),
        node_models=given.get("nodeModels", {}),
        exclude=given.get("exclude", frozenset()),
        collective_count=min(max(given.get("collectiveCount", 3), 2), 5),
        merge_style=MergeStyle(merge["style"]) if merge.get("style") else None,
        merge_model=merge.get("model", ""),
        judge_model=judge.get("model", ""),
        judge_threshold=judge.get("threshold", 7.0),
        driver=given.get("driver", ""),
        max_usd=given.get("maxUsd"),
        approve_above_usd=given.get("approveAboveUsd"),
        max_output_tokens=given.get("maxOutputTokens"),
        temperature=given.get("temperature"),
        max_parallel_nodes=given.get("maxParallelNodes"),
        node_timeout_s=given.get("nodeTimeoutSeconds"),
        run_timeout_s=given.get("runTimeoutSeconds"),
        is_simulated=given.get("simulate", False),
    )


def _role(given: Mapping[str, Any]) -> RoleRequest:
    return RoleRequest(
        persona=given.get("persona", ""),
        stack=given.get("stack", ()),
        domain=given.get("domain", ""),
        format=given.get("format", ""),
        guardrails=given.get("guardrails", ()),
    )


def _options(given: Mapping[str, Any]) -> RunOptions:
    reflect = given.get("reflect") or {}
    return RunOptions(
        reflect=reflect.get("reflect", False),
        reflect_threshold=reflect.get("threshold", 7.0),
        max_refinements=reflect.get("maxRefinements", 1),
        vote_count=given.get("vote", 0),
        skeleton=given.get("skeleton", False),
        schema=given.get("schema"),
        web_search=given.get("webSearch", False),
        stream=given.get("stream", True),
        share_equal=given.get("shareEqual", True),
    )


def _tags(tags: tuple[str, ...], context: str) -> tuple[str, ...]:
    """The tags that were given; older clients send them as the context, in which case they stand there too."""
    if not tags and _TAG_LIST.fullmatch(context):
        tags = tuple(word.strip() for word in context.split(","))
    return tuple(dict.fromkeys(tag.lower() for tag in tags))
