"""How well would scores made from some sources have chosen, in the eyes of a source they never saw?

targets  what each source, held out, says of each category
judge    leave each source out, pick by category and budget, and measure what the pick cost
report   the same as text and as one JSON object
"""

from catalog.evaluation.judge import Correlation, Evaluation, Pick, Strategy, evaluate_scoring
from catalog.evaluation.report import evaluation_payload, evaluation_text

__all__ = [
    "Correlation",
    "Evaluation",
    "Pick",
    "Strategy",
    "evaluate_scoring",
    "evaluation_payload",
    "evaluation_text",
]
