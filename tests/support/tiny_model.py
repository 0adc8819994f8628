"""A small transformers folder made on the spot: a Llama of random weights and a byte-level BPE tokenizer."""

from pathlib import Path

SENTENCES = (
    "Question: what is the sum of two and three?",
    "Answer: the sum of two and three is five.",
    "Answer A: the answer is good. Answer B: the answer is bad.",
    "Claim: this answer is correct. Label: True or False",
    "Which of the two is right, A or B? I think that it is the first.",
    "A good answer is short, a bad answer is long and wrong.",
)
CHAT = (
    "{% for message in messages %}<|user|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
VOCABULARY = 400


def tiny_model(folder: Path, *, chat: bool = False, layers: int = 2, width: int = 32, seed: int = 0) -> Path:
    """Writes the folder and returns it: about 0.2 MB, made in under a second. `chat` gives it a chat template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    size = _write_tokenizer(folder, chat=chat)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=True,
        initializer_range=0.3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def _write_tokenizer(folder: Path, *, chat: bool) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<|user|>", "<|assistant|>", "<|end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 4, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    if chat:
        fast.chat_template = CHAT
    fast.save_pretrained(folder)
    return int(tokenizer.get_vocab_size())
