"""From a folder, or a hub id with a pinned commit, to a model. Safetensors only; no code of a model is ever run."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aarlab.canonical import digest_json
from aarlab.errors import OperatorError, UserError
from aarlab.w2s.hf.settings import Generator, Recipe

if TYPE_CHECKING:
    from aarlab.w2s.hf.model import LanguageModel
    from aarlab.w2s.hf.vllm_writer import VllmWriter

INSTALL = (
    "the hf backend is not installed: pip install 'aarlab[hf]' (for a CPU alone first: "
    "pip install torch --index-url https://download.pytorch.org/whl/cpu)"
)
INSTALL_VLLM = "vllm is not installed: pip install 'aarlab[vllm]', or set generator = \"transformers\" in [problem.hf]"
PATIENCE = 10.0
"""Seconds that the hub has for its first answer."""
READ = {".json", ".safetensors", ".jinja", ".model", ".txt"}
"""Endings of the files that make a model what it is."""


@dataclass(frozen=True)
class ModelRef:
    """A model by local folder, or by hub id and commit."""

    name: str
    revision: str | None = None

    @property
    def local(self) -> bool:
        """Whether it is a folder here."""
        return Path(self.name).is_dir()

    def digest(self) -> str:
        """64 hexadecimal digits over a folder's files, or the pinned commit. Raises UserError."""
        if self.local:
            return _folder(Path(self.name))
        if re.fullmatch(r"[0-9a-f]{40}", self.revision or "") is None:
            raise UserError(
                f"{self.name} is no folder here, and as a model of the hub it must be pinned: set its revision to a "
                "commit, 40 hexadecimal digits (on its page under Files, History)"
            )
        return str(self.revision)


def files_of(ref: ModelRef) -> tuple[Path, tuple[str, ...]]:
    """The folder on this disk with the model's files, and their names. Raises OperatorError when it is not here yet."""
    folder = Path(ref.name)
    if not ref.local:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            folder = Path(snapshot_download(ref.name, revision=ref.revision, local_files_only=True))
        except LocalEntryNotFoundError:
            raise OperatorError(f"{ref.name} is not in the cache of the hub: load it once") from None
    return folder, tuple(sorted(file.name for file in folder.iterdir() if file.suffix in READ and file.is_file()))


def load(
    ref: ModelRef,
    *,
    recipe: Recipe,
    chat_template: Literal["auto", "yes", "no"] = "auto",
    generator: Generator = "transformers",
    device: str | None = None,
) -> "LanguageModel":
    """Loads model and tokenizer. Raises UserError on what is not a usable model, OperatorError on a missing extra or
    a hub that cannot be reached."""
    digest = ref.digest()
    _require(generator)
    import torch
    import transformers

    from aarlab.w2s.hf.model import LanguageModel
    from aarlab.w2s.hf.processes import Processes
    from aarlab.w2s.hf.tokens import Reader

    transformers.utils.logging.disable_progress_bar()
    processes = Processes(device=device)
    if generator == "vllm" and processes.count > 1:
        raise UserError(
            'vllm writes in one process: start without accelerate launch, or set generator = "transformers"'
        )
    fast = processes.device.startswith("cuda") if recipe.precision == "auto" else recipe.precision == "bfloat16"
    model, tokenizer = _read(ref, torch.bfloat16 if fast else torch.float32)
    model = model.to(processes.device).eval()
    model.requires_grad_(False)
    chat = _chat(tokenizer, ref.name, chat_template)
    reader = Reader(tokenizer, chat=chat, max_tokens=recipe.max_tokens)
    dtype = "bfloat16" if fast else "float32"
    writer = _vllm(ref, model, recipe, dtype) if generator == "vllm" else None
    named = digest_json([digest, chat, dtype])
    return LanguageModel(model, reader, recipe=recipe, digest=named, processes=processes, writer=writer)


def _require(generator: str) -> None:
    """Raises OperatorError on libraries that are not installed."""
    if any(find_spec(name) is None for name in ("accelerate", "peft", "torch", "transformers")):
        raise OperatorError(INSTALL)
    if generator == "vllm" and find_spec("vllm") is None:
        raise OperatorError(INSTALL_VLLM)


def _vllm(ref: ModelRef, model: Any, recipe: Recipe, dtype: str) -> "VllmWriter":
    from aarlab.w2s.hf.vllm_writer import VllmWriter

    revision = None if ref.local else ref.revision
    longest = min(recipe.max_tokens, model.config.get_text_config().max_position_embeddings)
    return VllmWriter(ref.name, revision=revision, dtype=dtype, longest=longest, recipe=recipe)


def _read(ref: ModelRef, dtype: Any) -> tuple[Any, Any]:
    try:
        model, tokenizer = _here(ref, dtype) or _fetched(ref, dtype)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        if ref.local:
            raise UserError(f"{ref.name} is not a folder of a language model in safetensors: {reason}") from error
        raise OperatorError(f"{ref.name} of the hub cannot be used: {reason}") from error
    if not getattr(tokenizer, "is_fast", False):
        raise UserError(f"{ref.name} has no tokenizer.json: only fast tokenizers are supported")
    return model, tokenizer


def _here(ref: ModelRef, dtype: Any) -> tuple[Any, Any] | None:
    """Model and tokenizer from the folder, or from what the hub's cache has; None where something lacks there."""
    try:
        return _from_pretrained(ref, dtype, local_files_only=True)
    except OSError:
        if ref.local:
            raise
        return None


def _fetched(ref: ModelRef, dtype: Any) -> tuple[Any, Any]:
    """The same from the hub. It is asked for the commit first, once: downloads would try for a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled

    try:
        HfApi().model_info(ref.name, revision=ref.revision, timeout=PATIENCE)
    except OfflineModeIsEnabled as error:
        what = "is not in the hub's cache here, and HF_HUB_OFFLINE is set: unset it, or name a local folder"
        raise OperatorError(f"{ref.name} at {ref.revision} {what}") from error
    except (OSError, HTTPError) as error:
        reason = " ".join(str(error).split())[:200]
        what = "is not in the hub's cache here, and cannot be had from the hub"
        raise OperatorError(f"{ref.name} at {ref.revision} {what}: {reason}") from error
    return _from_pretrained(ref, dtype, local_files_only=False)


def _from_pretrained(ref: ModelRef, dtype: Any, *, local_files_only: bool) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where: dict[str, Any] = {"trust_remote_code": False, "local_files_only": local_files_only}
    where |= {} if ref.local else {"revision": ref.revision}
    tokenizer = AutoTokenizer.from_pretrained(ref.name, use_fast=True, **where)
    return AutoModelForCausalLM.from_pretrained(ref.name, use_safetensors=True, dtype=dtype, **where), tokenizer


def _chat(tokenizer: Any, name: str, wish: str) -> bool:
    has = bool(getattr(tokenizer, "chat_template", None))
    if wish == "yes" and not has:
        raise UserError(f'{name} has no chat template: set chat_template = "no"')
    return wish == "yes" or (wish == "auto" and has and not name.rstrip("/").lower().endswith("base"))


def _folder(folder: Path) -> str:
    files = sorted(file for file in folder.iterdir() if file.suffix in READ and file.is_file())
    if not any(file.name == "config.json" for file in files):
        raise UserError(f"{folder} is not a folder of a language model: it has no config.json")
    stats = [(file, file.stat()) for file in files]
    return digest_json([[file.name, stat.st_size, _file(file, stat.st_size, stat.st_mtime_ns)] for file, stat in stats])


@cache
def _file(file: Path, _size: int, _changed: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
