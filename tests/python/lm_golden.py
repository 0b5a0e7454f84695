"""Tiny random language models with golden numbers, ../golden/lm, by Python's transformers (5.23) on torch (2.11).

    OMP_NUM_THREADS=1 python tests/python/lm_golden.py

Each folder is laid out as published models are (config.json, model.safetensors or its shards) and has a `golden.safetensors`:
for every sequence `i` its `tokens.i`, the logits after each of them `logits.i` (T, V) in f32, and `greedy.i`, the 12 tokens
that `generate` puts after it. Where positions are rotary, `rope.frequencies` and `rope.scale` are transformers'. Shapes are odd on purpose: widths of heads are not width / heads, the feed-forward part is not
four times as wide, gains are not 1 and biases not 0, so that no number is right by accident. Models that are stored in 16
bits are run in f32 on the stored numbers.

`small-llama` also has a tokenizer, so that the command line can be tried on it: pairs of printable ASCII characters.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

root = Path(__file__).resolve().parents[2]
home = root / "tests/golden/lm"
LENGTHS, NEW = (1, 7, 22), 12

LLAMA = dict(
    vocab_size=61,
    hidden_size=18,
    intermediate_size=38,
    num_hidden_layers=2,
    num_attention_heads=6,
    num_key_value_heads=2,
    head_dim=8,
    max_position_embeddings=96,
    rms_norm_eps=1e-5,
    bos_token_id=1,
    eos_token_id=2,
)
QWEN3 = dict(LLAMA, num_attention_heads=4, num_key_value_heads=1, head_dim=10, rms_norm_eps=1e-6)


def rope(kind, **rest):
    return dict(rope_type=kind, rope_theta=rest.pop("theta", 10000.0), **rest)


def llama(**rest):
    return LlamaForCausalLM(LlamaConfig(**dict(LLAMA, **rest)))


def qwen3(**rest):
    return Qwen3ForCausalLM(Qwen3Config(**dict(QWEN3, **rest)))


# Low and high frequencies on both sides of the limits of `llama3` and `yarn`: with a head of 8 the wavelengths are 6, 63, 628
# and 6283 positions (theta 10000).
LLAMA3 = rope(
    "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64
)
YARN = rope("yarn", theta=500.0, factor=3.0, original_max_position_embeddings=32, beta_fast=6.0, beta_slow=0.5)

MODELS = {
    "gpt2": lambda: GPT2LMHeadModel(
        GPT2Config(
            vocab_size=61, n_positions=48, n_embd=24, n_layer=2, n_head=3, n_inner=52, layer_norm_epsilon=3e-5,
            bos_token_id=1, eos_token_id=2,
        )
    ),
    "gpt2-f16": lambda: GPT2LMHeadModel(
        GPT2Config(
            vocab_size=53, n_positions=48, n_embd=20, n_layer=3, n_head=5, bos_token_id=1, eos_token_id=2
        )
    ),
    "small-llama": lambda: llama(vocab_size=128, tie_word_embeddings=True),
    "llama-theta": lambda: llama(rope_parameters=rope("default", theta=300.0), tie_word_embeddings=False),
    "llama-linear": lambda: llama(
        rope_parameters=rope("linear", factor=2.5), attention_bias=True, mlp_bias=True, tie_word_embeddings=True
    ),
    "llama3-bf16": lambda: llama(rope_parameters=LLAMA3, tie_word_embeddings=False, num_hidden_layers=3),
    "llama-yarn": lambda: llama(rope_parameters=YARN, attention_bias=True, tie_word_embeddings=True),
    "qwen3-tied": lambda: qwen3(rope_parameters=rope("default", theta=5000.0), tie_word_embeddings=True),
    "qwen3-sharded": lambda: qwen3(tie_word_embeddings=False, vocab_size=67, attention_bias=True),
}


def fill(model, seed):
    """Weights that keep hidden states of size about 1, gains about 1 and biases about 0."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in sorted(model.named_parameters()):
        noise = torch.randn(value.shape, generator=generator)
        if name.endswith("bias"):
            value.data = 0.3 * noise
        elif value.dim() == 1:
            value.data = 1.0 + 0.3 * noise
        elif "wte" in name or "embed" in name or "wpe" in name:
            value.data = 0.3 * noise
        else:
            # transformers' Conv1D of GPT-2 is (inputs, outputs), everything else (outputs, inputs).
            inputs = value.shape[0] if ".c_" in name else value.shape[1]
            value.data = noise * 1.6 / inputs**0.5


def sequences(vocabulary, seed):
    generator = torch.Generator().manual_seed(1000 + seed)
    return [torch.randint(3, vocabulary, (length,), generator=generator) for length in LENGTHS]


def greedy(model, tokens):
    """The likeliest token again and again; an end among them does not end it."""
    tokens = tokens[None]
    for _ in range(NEW):
        logits = model(tokens, use_cache=False).logits[0, -1]
        best, second = logits.topk(2).values
        assert best - second > 1e-3, "the choice would hang on rounding"
        tokens = torch.cat([tokens, logits.argmax()[None, None]], dim=1)
    return tokens[0, -NEW:]


def old_rope(folder):
    """As files from before transformers 5 say it: `rope_theta` and `rope_scaling` beside everything else."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    parameters = config.pop("rope_parameters")
    config["rope_theta"] = parameters.pop("rope_theta")
    config["rope_scaling"] = parameters
    path.write_text(json.dumps(config, indent=2) + "\n")


def tokenizer(folder):
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    model.post_processor = processors.ByteLevel(trim_offsets=False)
    printable = [chr(code) for code in range(33, 127)] + ["\u0120", "\u010a"]
    trainer = trainers.BpeTrainer(
        vocab_size=128, initial_alphabet=printable, limit_alphabet=96, show_progress=False,
        special_tokens=["<pad>", "<s>", "</s>"],
    )
    text = (root / "experiments/data/text/english.txt").read_text()
    model.train_from_iterator([text], trainer)
    assert model.get_vocab_size() == 128
    model.save(str(folder / "tokenizer.json"))


@torch.no_grad()
def make(name, seed):
    torch.manual_seed(seed)
    model = MODELS[name]().eval()
    model.set_attn_implementation("eager")
    fill(model, seed)
    stored = torch.bfloat16 if "bf16" in name else torch.float16 if "f16" in name else torch.float32
    model = model.to(stored)
    folder = home / name
    shutil.rmtree(folder, ignore_errors=True)
    size = "30KB" if "sharded" in name else "1GB"
    model.save_pretrained(folder, max_shard_size=size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if name == "llama-linear":
        old_rope(folder)
    if name == "small-llama":
        tokenizer(folder)

    # As anybody would open it, so that the numbers are those of the files.
    model = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    golden = {}
    rotary = getattr(model.base_model, "rotary_emb", None)
    if rotary is not None:
        golden["rope.frequencies"] = rotary.inv_freq.float().contiguous()
        golden["rope.scale"] = torch.tensor([rotary.attention_scaling], dtype=torch.float32)
    for index, tokens in enumerate(sequences(model.config.vocab_size, seed)):
        golden[f"tokens.{index}"] = tokens
        golden[f"logits.{index}"] = model(tokens[None], use_cache=False).logits[0].contiguous()
        golden[f"greedy.{index}"] = greedy(model, tokens)
        # transformers' own cache and `generate` come to the same.
        model.generation_config.eos_token_id = None
        made = model.generate(tokens[None], max_new_tokens=NEW, do_sample=False, attention_mask=torch.ones_like(tokens[None]))
        assert torch.equal(made[0, len(tokens):], golden[f"greedy.{index}"]), name
    save_file(golden, folder / "golden.safetensors")
    bytes_ = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{name:16} {sum(p.numel() for p in model.parameters()):7} parameters {bytes_:7} bytes", sorted(p.name for p in folder.iterdir()))


if __name__ == "__main__":
    for seed, name in enumerate(MODELS):
        make(name, 7 + seed)
