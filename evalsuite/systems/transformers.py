"""Local language models through Hugging Face transformers: what a user states, and loading it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from evalsuite.errors import ConfigError, ExtraMissing
from evalsuite.systems import decoding
from evalsuite.systems.base import ModelSpec
from evalsuite.systems.local_model import Place, TransformersModel, compute_threads
from evalsuite.systems.memory import MemoryWatch
from evalsuite.systems.price import machine_price
from evalsuite.systems.resources import Resources
from evalsuite.systems.sizes import Weights, hub_folder

EMBEDDED = "embedded/"


class TransformersSpec(ModelSpec):
    """A causal language model run in this process.

    model: a local folder, a hub id, or ``embedded/<name>`` for one shipped with the package.
    revision: commit, tag or branch of a hub id.
    device: "cpu", "cuda", "cuda:1" ...; "auto" takes the first GPU where there is one.
    dtype: None is float32 on the CPU and the checkpoint's own type elsewhere. Only in float32 is
        an answer sure to be the same whatever it was batched with.
    batch_size: most requests computed together.
    max_wait_seconds: how long the first request of a batch waits for others to join it.
    threads: CPU threads; None leaves the choice to torch, save for embedded models, which take one:
        on matrices this small, threads mostly wait for each other (half the speed with two).
    usd_per_machine_hour, usd_per_kwh: price of the machine's time and of its energy; both may be
        stated. None is unknown, save for embedded models, which any small machine runs and whose
        price is an assumption, marked so.
    watts: power of the machine while it computes, for where no counter of energy can be read; on a
        CPU None is an assumption, marked so.
    grams_co2e_per_kwh: carbon intensity of its electricity.

    A chat template is used where the tokenizer has one; otherwise the contents of the messages
    are joined by blank lines. Where a request has choices, they are scored and nothing is
    generated: see ``TransformersModel``.
    """

    backend: Literal["transformers"] = "transformers"
    model: str
    revision: str | None = None
    device: str = "cpu"
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    batch_size: int = Field(16, ge=1)
    max_wait_seconds: float = Field(0.002, ge=0)
    threads: int | None = Field(None, ge=1)
    usd_per_machine_hour: float | None = Field(None, ge=0)
    usd_per_kwh: float | None = Field(None, ge=0)
    watts: float | None = Field(None, ge=0)
    grams_co2e_per_kwh: float | None = Field(None, ge=0)

    def open(self, resources: Resources) -> TransformersModel:
        """Load weights and tokenizer and compute one token, so that no sample pays for set-up."""
        try:
            import torch
            import transformers
        except ImportError as error:
            missing = error.name or "transformers"
            raise ExtraMissing(missing, "hf", f"the local model {self.model}") from None
        logging: Any = transformers.utils.logging
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        device = _device(self.device, torch.cuda.is_available(), torch.cuda.device_count())
        folder = self._folder()
        embedded = self.model.startswith(EMBEDDED)
        threads = self.threads or (1 if embedded else None)
        decoder = self._load(folder or self.model, device, local=folder is not None)
        with compute_threads(threads):
            decoder.generate([decoding.Row(prompt=[0], max_new_tokens=1)])
        resources.meter.watch(device)
        price = machine_price(
            self.usd_per_machine_hour,
            self.watts,
            assume=embedded,
            device=device,
            threads=threads or torch.get_num_threads(),
            usd_per_kwh=self.usd_per_kwh,
            grams_co2e_per_kwh=self.grams_co2e_per_kwh,
        )
        weights = Weights.of(decoder.model, folder or hub_folder(self.model, self.revision))
        return TransformersModel(
            self.model,
            decoder,
            resources,
            price=price,
            identity=self._identity(decoder, folder),
            place=Place(
                device=device, threads=threads, memory=MemoryWatch(device), weights=weights
            ),
            batch_size=self.batch_size,
            max_wait_seconds=self.max_wait_seconds,
        )

    def _folder(self) -> Path | None:
        """The local folder of the model; None for a hub id."""
        if self.model.startswith(EMBEDDED):
            from evalsuite.embedded import model_path

            try:
                return model_path(self.model.removeprefix(EMBEDDED))
            except KeyError as error:
                raise ConfigError(str(error.args[0])) from None
        folder = Path(self.model).expanduser()
        if folder.is_dir():
            return folder
        if self.model.startswith((".", "/", "~")):
            raise ConfigError(f"model {self.model!r}: there is no such folder")
        return None

    def _load(self, source: Path | str, device: str, *, local: bool) -> decoding.Decoder:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        dtype = self.dtype or ("float32" if device == "cpu" else "auto")
        where: dict[str, Any] = {"local_files_only": local}
        if not local and self.revision:
            where["revision"] = self.revision
        try:
            tokenizer = AutoTokenizer.from_pretrained(source, **where)
            model: Any = AutoModelForCausalLM.from_pretrained(
                source, dtype=dtype if dtype == "auto" else getattr(torch, dtype), **where
            )
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            advice = "" if local else ": check the name and the network, or give a local folder"
            raise ConfigError(f"model {self.model!r} cannot be loaded ({reason}){advice}") from None
        model.to(device)
        model.eval()
        return decoding.Decoder(model, tokenizer)

    def _identity(self, decoder: decoding.Decoder, folder: Path | None) -> dict[str, Any]:
        commit = getattr(decoder.model.config, "_commit_hash", None)
        return {
            "hub_id": self.model if folder is None else None,
            "content": content_hash(folder) if folder else commit or self.revision,
            "dtype": str(decoder.model.dtype).removeprefix("torch."),
            "device": decoder.model.device.type,
            "decoding": decoding.VERSION,
        }


def content_hash(folder: Path) -> str:
    """SHA-256 (16 hex digits) over the names and bytes of the model's files in ``folder``.

    Weights, configuration, tokenizer and templates count; a read-me does not.
    """
    suffixes = (".safetensors", ".bin", ".json", ".jinja", ".model", ".txt")
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in suffixes and p.is_file()):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _device(wanted: str, cuda: bool, count: int) -> str:
    """``wanted`` as torch names it, so that one device has one worker thread."""
    if wanted == "auto":
        return "cuda:0" if cuda else "cpu"
    if wanted == "cuda":
        wanted = "cuda:0"
    if wanted.startswith("cuda:") and wanted not in {f"cuda:{index}" for index in range(count)}:
        raise ConfigError(f"device {wanted!r} is not on this machine: use `device: cpu` or `auto`")
    return wanted
