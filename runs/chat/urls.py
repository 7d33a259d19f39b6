"""The chat addresses, below /v1/."""

from django.urls import path

from runs.chat import api

urlpatterns = [
    path("chat/completions", api.chat_completions, name="v1-chat-completions"),
    path("responses", api.responses, name="v1-responses"),
    path("models", api.models, name="v1-models"),
    path("models/<path:name>", api.model, name="v1-model"),
    path("messages", api.messages, name="v1-messages"),
    path("messages/count_tokens", api.count_tokens, name="v1-count-tokens"),
]
