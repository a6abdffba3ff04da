"""The entry of the experiment file, and what opens it."""

from __future__ import annotations

from pydantic import Field, model_validator

from evalsuite.systems.base import Model
from evalsuite.systems.openai.batch import BatchModel, BatchOptions
from evalsuite.systems.openai.model import OpenAIModel
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.openai.sdk import ClientOptions, SdkModel
from evalsuite.systems.resources import Resources


class OpenAISpec(OpenAIOptions):
    """A model behind an OpenAI-compatible endpoint; ``OpenAIOptions`` explains the fields.

    ``batch`` says how requests are put into batches (``mode: batch``), ``client_options`` what the
    vendor's client is made with (``client: openai``).
    """

    batch: BatchOptions = Field(default_factory=BatchOptions)
    client_options: ClientOptions = Field(default_factory=ClientOptions)

    @model_validator(mode="after")
    def _of_use(self) -> OpenAISpec:
        if self.mode != "batch" and "batch" in self.model_fields_set:
            raise ValueError("`batch` is of `mode: batch`")
        if self.client != "openai" and "client_options" in self.model_fields_set:
            raise ValueError("`client_options` is of `client: openai`")
        if self.mode == "batch" and self.client == "openai":
            raise ValueError("`mode: batch` has a client of its own: leave out `client`")
        return self

    def open(self, resources: Resources) -> Model:
        """Read the key; nothing is sent yet. ConfigError where it is missing."""
        if self.mode == "batch":
            return BatchModel(self, resources, self.batch)
        if self.client == "openai":
            return SdkModel(self, resources, self.client_options)
        return OpenAIModel(self, resources)
