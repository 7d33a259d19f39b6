"""Text that a form brings, pasted or as a file."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest

from smartspawn.lib.errors import InvalidBody, MissingParam

# Ten times what every alias and override of the whole catalogue would take.
MAX_UPLOAD_BYTES: Final = 1_000_000


def uploaded_text(request: HttpRequest) -> str:
    """The file's text, or the pasted one. Raises BadInput for nothing, too much, or what is not text."""
    file = request.FILES.get("file")
    if file is not None and (file.size or 0) > MAX_UPLOAD_BYTES:
        raise InvalidBody("The file is larger than 1 MB.")
    try:
        text = str(file.read(), "utf-8") if file is not None else request.POST.get("text", "")
    except UnicodeDecodeError as error:
        raise InvalidBody("The file is not UTF-8 text.") from error
    if not text.strip():
        raise MissingParam("Choose a file or paste its text.")
    return text
