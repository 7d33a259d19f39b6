"""What kind of work is it? The classifier, its bundle and its training."""

from routing.classifier.classify import classify, classify_all

__all__ = ["classify", "classify_all"]
