"""The network: MiniLM's layers with their reading capped, a query per head in the last, softmax and sigmoid heads.

Written out instead of imported, so that training needs PyTorch alone and the exported graph holds nothing unneeded.
The first layer reads every token. Then neighbours are merged until few enough slots are left, so that the layers
between the first and the last cost the same for a prompt of 64 tokens as for one of 28. The last layer answers four
questions (one a head) instead of rewriting every slot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from routing.classifier.heads import COMPLEXITY_SUBS, HEADS, LOGITS_OUTPUT, RISK_SUBS, SUB_OUTPUT

MASKED = -1e4
INPUTS = ("input_ids", "attention_mask")
OUTPUTS = (*LOGITS_OUTPUT.values(), *SUB_OUTPUT.values())
SUBS_OF_HEAD: Mapping[str, tuple[str, ...]] = {"complexity": COMPLEXITY_SUBS, "risk": RISK_SUBS}
LAYERS_READING_ALL = 1
MASK_ROW_LENGTH = 1 << 22
PREFIX_TOKENS = 2  # "Current", ":"


@dataclass(frozen=True, slots=True)
class Size:
    """The measures of all-MiniLM-L6-v2, with its reading capped."""

    hidden: int = 384
    layers: int = 6
    attention_heads: int = 12
    inner: int = 1536
    positions: int = 512
    dropout: float = 0.1
    slots_min: int = 28  # shorter prompts are never merged
    tokens_per_slot_max: float = 2.5  # longer ones keep two fifths of their length


@cache
def _mask_row(share: float) -> Tensor:
    drawn = torch.rand(MASK_ROW_LENGTH, generator=torch.Generator().manual_seed(0))
    return ((drawn >= share) / (1 - share)).to(torch.bfloat16)


class Dropout(nn.Module):
    """Dropout whose masks are cut from one long random row: to draw each anew takes a sixth of a training step."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return values
        begin = int(torch.randint(MASK_ROW_LENGTH - values.numel(), ()))
        return values * _mask_row(self.share)[begin : begin + values.numel()].view(values.shape)


class Layer(nn.Module):
    """One post-norm transformer layer, as BERT has it."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.hidden, self.count, self.width = size.hidden, size.attention_heads, size.hidden // size.attention_heads
        self.query, self.key_value = nn.Linear(size.hidden, size.hidden), nn.Linear(size.hidden, 2 * size.hidden)
        self.mix = nn.Linear(size.hidden, size.hidden)
        self.norm_attention, self.norm_output = (nn.LayerNorm(size.hidden, eps=1e-12) for _ in range(2))
        self.widen, self.narrow = nn.Linear(size.hidden, size.inner), nn.Linear(size.inner, size.hidden)
        self.dropout = Dropout(size.dropout)

    def forward(self, asking: Tensor, asked: Tensor, bias: Tensor) -> Tensor:
        """What `asking` becomes by attending to `asked`; in all layers but the last they are the same states."""
        query = self._by_head(self.query(asking) * self.width**-0.5)
        key, value = (self._by_head(part) for part in self.key_value(asked).split(self.hidden, dim=-1))
        weights = torch.softmax(query @ key.transpose(-1, -2) + bias, dim=-1)
        mixed = (weights @ value).transpose(1, 2).reshape(*asking.shape[:2], self.hidden)
        states = self.norm_attention(asking + self.dropout(self.mix(mixed)))
        inner = nn.functional.gelu(self.widen(states))
        return self.norm_output(states + self.dropout(self.narrow(inner)))

    def _by_head(self, states: Tensor) -> Tensor:
        return states.reshape(*states.shape[:2], self.count, self.width).transpose(1, 2)


class Router(nn.Module):
    """Token ids and mask in; the outputs of the model card, in the order of `OUTPUTS`, out."""

    def __init__(self, vocabulary_count: int, size: Size = Size()) -> None:
        super().__init__()
        self.size = size
        self.embed = nn.Embedding(vocabulary_count, size.hidden, sparse=True)
        self.position = nn.Embedding(size.positions, size.hidden)
        self.norm = nn.LayerNorm(size.hidden, eps=1e-12)
        self.dropout = Dropout(size.dropout)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.layers))
        # Each head asks the last layer as the mean of all slots would, and learns to ask otherwise.
        self.questions = nn.Parameter(torch.zeros(len(HEADS), size.hidden))
        self.heads = nn.ModuleDict({head: nn.Linear(size.hidden, len(labels)) for head, labels in HEADS.items()})
        self.subs = nn.ModuleDict({h: nn.Linear(size.hidden, len(names)) for h, names in SUBS_OF_HEAD.items()})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        input_ids, attention_mask = _without_frame(input_ids), _without_frame(attention_mask, shift=1)
        positions = self.position.weight[: input_ids.shape[1]]
        states = self.dropout(self.norm(self.embed(input_ids) + positions))
        mask = attention_mask.to(self.norm.weight.dtype)
        bias = _bias(mask)
        for layer in self.layers[:LAYERS_READING_ALL]:
            states = layer(states, states, bias)
        merging = _merging(mask, self.size)
        states, filled = merging @ states, (merging.sum(dim=-1) > 0).to(mask.dtype)
        bias = _bias(filled)
        for layer in self.layers[LAYERS_READING_ALL:-1]:
            states = layer(states, states, bias)
        mean = (filled / filled.sum(dim=1, keepdim=True)).unsqueeze(1) @ states
        pooled = self.dropout(self.layers[-1](mean + self.questions, states, bias))  # batch x heads x hidden
        by_head = dict(zip(HEADS, pooled.unbind(dim=1), strict=True))
        logits = [self.heads[head](by_head[head]) for head in HEADS]
        subs = [torch.sigmoid(self.subs[head](by_head[head])) for head in SUBS_OF_HEAD]
        return (*logits, *(column for block in subs for column in block.unbind(dim=1)))


def _without_frame(tokens: Tensor, *, shift: int = 0) -> Tensor:
    """Leave out what every prompt has: the prefix and [SEP]. The mask, shifted by one, ends before [SEP]."""
    return torch.cat([tokens[:, :1], tokens[:, 1 + PREFIX_TOKENS + shift : tokens.shape[1] - 1 + shift]], dim=1)


def _bias(mask: Tensor) -> Tensor:
    """What attention adds so that padding counts for nothing."""
    return (1.0 - mask)[:, None, None, :] * MASKED


def _merging(mask: Tensor, size: Size) -> Tensor:
    """A matrix per prompt that averages neighbouring tokens into slots; each token in one slot, none when short."""
    length = mask.sum(dim=1, keepdim=True)
    slot_count = torch.minimum(length, (length / size.tokens_per_slot_max).floor().clamp(min=size.slots_min))
    numbers = torch.ones_like(mask).cumsum(dim=1) - 1.0
    slot_of_token = ((numbers + 0.5) * slot_count / length).floor()
    limit = torch.clamp((torch.tensor(mask.shape[1]) / size.tokens_per_slot_max).long(), min=size.slots_min)
    slots = numbers[0, :limit]
    belongs = (slot_of_token[:, None, :] == slots[None, :, None]).to(mask.dtype) * mask[:, None, :]
    return belongs / belongs.sum(dim=-1, keepdim=True).clamp(min=1.0)


def from_minilm(weights: Mapping[str, Tensor], origins: Sequence[Sequence[int]]) -> Router:
    """A router that starts from MiniLM's weights; each piece from the mean of the WordPieces it comes from."""
    router = Router(len(origins))
    router.load_state_dict({**router.state_dict(), **_renamed(weights)})
    words = weights["embeddings.word_embeddings.weight"]
    specials = (0, 101, 102, 100)  # BERT's [PAD] [CLS] [SEP] [UNK]
    with torch.no_grad():
        for piece, ids in enumerate(origins):
            known = ids or (specials[piece] if piece < len(specials) else specials[-1],)
            router.embed.weight[piece] = words[list(known)].mean(dim=0)
        for block in (*router.heads.values(), *router.subs.values()):
            nn.init.normal_(block.weight, std=0.02)
            nn.init.zeros_(block.bias)
    return router


def _renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """BERT's names to ours; the one token type is added to the positions, since it never changes."""
    renamed = {
        "position.weight": weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    parts = {
        "query": "attention.self.query",
        "mix": "attention.output.dense",
        "norm_attention": "attention.output.LayerNorm",
        "widen": "intermediate.dense",
        "narrow": "output.dense",
        "norm_output": "output.LayerNorm",
    }
    for index in range(Size().layers):
        theirs_at = f"encoder.layer.{index}"
        for kind in ("weight", "bias"):
            both = [weights[f"{theirs_at}.attention.self.{name}.{kind}"] for name in ("key", "value")]
            renamed[f"layers.{index}.key_value.{kind}"] = torch.cat(both)
            for ours, theirs in parts.items():
                renamed[f"layers.{index}.{ours}.{kind}"] = weights[f"{theirs_at}.{theirs}.{kind}"]
    return renamed
