"""Models behind an OpenAI-compatible endpoint: Chat Completions, Responses, legacy Completions.

The wire is spoken over aiohttp rather than the vendor's client: it takes a tenth of the CPU time a
request, so a loaded client does not show up as a slow model, and no retry is hidden in it.

``body_of`` (``bodies``) makes the JSON of a request and ``completion_from`` (``reading``) reads
the JSON of a reply; both are plain functions, so that whatever carries the bytes may use them.
"""

from evalsuite.systems.openai.spec import OpenAISpec

__all__ = ["OpenAISpec"]
