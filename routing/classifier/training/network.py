"""The network: MiniLM's six layers, one attention pool per head, four softmax heads, eight sigmoid scores.

Written out instead of imported, so that training needs PyTorch alone and the exported graph holds nothing unneeded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from routing.classifier.heads import COMPLEXITY_SUBS, HEADS, LOGITS_OUTPUT, RISK_SUBS, SUB_OUTPUT

MASKED = -1e4
INPUTS = ("input_ids", "attention_mask")
OUTPUTS = (*LOGITS_OUTPUT.values(), *SUB_OUTPUT.values())
SUBS_OF_HEAD: Mapping[str, tuple[str, ...]] = {"complexity": COMPLEXITY_SUBS, "risk": RISK_SUBS}


@dataclass(frozen=True, slots=True)
class Size:
    """The measures of all-MiniLM-L6-v2."""

    hidden: int = 384
    layers: int = 6
    attention_heads: int = 12
    inner: int = 1536
    positions: int = 512
    dropout: float = 0.1


class Layer(nn.Module):
    """One post-norm transformer layer, as BERT has it."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.count, self.width = size.attention_heads, size.hidden // size.attention_heads
        self.query_key_value = nn.Linear(size.hidden, 3 * size.hidden)  # one product is faster than three
        self.mix = nn.Linear(size.hidden, size.hidden)
        self.norm_attention, self.norm_output = (nn.LayerNorm(size.hidden, eps=1e-12) for _ in range(2))
        self.widen, self.narrow = nn.Linear(size.hidden, size.inner), nn.Linear(size.inner, size.hidden)
        self.dropout = nn.Dropout(size.dropout)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        together = self.query_key_value(states).unflatten(-1, (3, self.count, self.width))
        query, key, value = together.permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(query @ key.transpose(-1, -2) * self.width**-0.5 + bias, dim=-1)
        mixed = (self.dropout(weights) @ value).transpose(1, 2).flatten(2)
        states = self.norm_attention(states + self.dropout(self.mix(mixed)))
        inner = nn.functional.gelu(self.widen(states))
        return self.norm_output(states + self.dropout(self.narrow(inner)))


class Router(nn.Module):
    """Token ids and mask in; the outputs of the model card, in the order of `OUTPUTS`, out."""

    def __init__(self, vocabulary_count: int, size: Size = Size()) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary_count, size.hidden)
        self.position = nn.Embedding(size.positions, size.hidden)
        self.norm = nn.LayerNorm(size.hidden, eps=1e-12)
        self.dropout = nn.Dropout(size.dropout)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.layers))
        # Zero queries weigh every token alike: training starts from the mean pooling MiniLM was trained with.
        self.pool = nn.Parameter(torch.zeros(len(HEADS), size.hidden))
        self.heads = nn.ModuleDict({head: nn.Linear(size.hidden, len(labels)) for head, labels in HEADS.items()})
        self.subs = nn.ModuleDict({h: nn.Linear(size.hidden, len(names)) for h, names in SUBS_OF_HEAD.items()})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        positions = torch.arange(input_ids.shape[1], device=input_ids.device).unsqueeze(0)
        states = self.dropout(self.norm(self.embed(input_ids) + self.position(positions)))
        mask = attention_mask.to(states.dtype)
        bias = (1.0 - mask)[:, None, None, :] * MASKED
        for layer in self.layers:
            states = layer(states, bias)
        attention = torch.softmax(states @ self.pool.T + (1.0 - mask)[:, :, None] * MASKED, dim=1)
        pooled = self.dropout(attention.transpose(1, 2) @ states)  # batch x heads x hidden
        by_head = dict(zip(HEADS, pooled.unbind(dim=1), strict=True))
        logits = [self.heads[head](by_head[head]) for head in HEADS]
        subs = [torch.sigmoid(self.subs[head](by_head[head])) for head in SUBS_OF_HEAD]
        return (*logits, *(column for block in subs for column in block.unbind(dim=1)))


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
        "mix": "attention.output.dense",
        "norm_attention": "attention.output.LayerNorm",
        "widen": "intermediate.dense",
        "narrow": "output.dense",
        "norm_output": "output.LayerNorm",
    }
    for index in range(Size().layers):
        for kind in ("weight", "bias"):
            attention = f"encoder.layer.{index}.attention.self"
            parts_of_three = [weights[f"{attention}.{name}.{kind}"] for name in ("query", "key", "value")]
            renamed[f"layers.{index}.query_key_value.{kind}"] = torch.cat(parts_of_three)
        for ours, theirs in parts.items():
            for kind in ("weight", "bias"):
                renamed[f"layers.{index}.{ours}.{kind}"] = weights[f"encoder.layer.{index}.{theirs}.{kind}"]
    return renamed
