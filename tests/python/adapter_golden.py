"""Tiny random models, adapters and training steps with golden numbers, ../golden/adapter, by Python's peft (0.21) and
transformers (5.23) on torch (2.11).

    OMP_NUM_THREADS=1 python tests/python/adapter_golden.py

Of each family one model, as it is published: `MODEL/config.json` and `model.safetensors`. Beside it:

- `adapters/NAME`: what `save_pretrained` wrote, and in `logits.safetensors` the first sequence's logits under `NAME`. The names say what is
  particular: targets as a list, as a pattern or all; rsLoRA; ranks and scales by layer; numbers in 16 bits.
- `lora.safetensors`: five steps of AdamW on an adapter: its matrices before (`a.before.*`) and after, and the losses.
- `full.safetensors`: five steps on all weights: the gradients of the first step, and the losses. After them: every weight.

The batch is in `batch.safetensors`: `tokens` (B, T) and `labels` (B, T), -100 where nothing is learned: all but the answers.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

home = Path(__file__).resolve().parents[2] / "tests/golden/adapter"
ROTARY = dict(
    vocab_size=23, hidden_size=8, intermediate_size=10, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=32, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2,
)
MODELS = {
    # Tied.
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(
        vocab_size=23, n_positions=16, n_embd=9, n_layer=2, n_head=3, n_inner=14, bos_token_id=1, eos_token_id=2,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )),
    "llama-tied": lambda: LlamaForCausalLM(LlamaConfig(**ROTARY, head_dim=4, tie_word_embeddings=True)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(
        **ROTARY, head_dim=4, tie_word_embeddings=False, attention_bias=True, mlp_bias=True,
    )),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**ROTARY, head_dim=6, tie_word_embeddings=True)),
}
STEPS, RATE = 5, 3e-3
LORA = dict(bias="none", task_type="CAUSAL_LM")
# As the test of the same name sets them.
ADAMW = dict(lr=RATE, betas=(0.9, 0.95), eps=1e-8)


def adapters(family):
    gpt2 = family == "gpt2"
    two = ["c_attn", "mlp.c_proj"] if gpt2 else ["q_proj", "v_proj"]
    one = "transformer.h.1.attn.c_attn" if gpt2 else "model.layers.1.self_attn.q_proj"
    pattern = r".*\.h\.\d+\.mlp\.c_.*" if gpt2 else r".*\.self_attn\.[kv]_proj"
    # Of Qwen3 the first two are enough: the rest is the same code.
    kinds = {
        "all": (dict(r=3, lora_alpha=5, target_modules="all-linear", lora_dropout=0.1), torch.float32),
        "list": (dict(r=2, lora_alpha=16, target_modules=two), torch.float32),
        "pattern": (dict(r=2, lora_alpha=4, target_modules=pattern, use_rslora=True), torch.float32),
        "bf16": (dict(r=2, lora_alpha=3, target_modules=two), torch.bfloat16),
        "f16": (dict(r=2, lora_alpha=3, target_modules="all-linear"), torch.float16),
        "layers": (
            dict(
                r=2, lora_alpha=3, target_modules=two, rank_pattern={one: 4}, alpha_pattern={f"^{one}": 7}
            ), torch.float32,
        ),
        "one-layer": (dict(r=2, lora_alpha=3, target_modules=two, layers_to_transform=[1]), torch.float32),
    }
    return dict(list(kinds.items())[:2]) if family == "qwen3" else kinds


def fill(model, seed):
    """Weights that keep hidden states of size about 1, gains about 1 and biases about 0."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in sorted(model.named_parameters()):
        noise = torch.randn(value.shape, generator=generator)
        if "bias" in name:
            value.data = 0.2 * noise
        elif value.dim() == 1:
            value.data = 1.0 + 0.2 * noise
        elif any(part in name for part in ("wte", "embed", "wpe")):
            value.data = 0.5 * noise
        else:
            inputs = value.shape[0] if ".c_" in name else value.shape[1]
            value.data = noise / inputs**0.5


def shake(model, seed):
    """Both matrices of an adapter random: as it begins, it does nothing."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in sorted(model.named_parameters()):
        if "lora_" in name:
            value.data = 0.3 * torch.randn(value.shape, generator=generator)


def batch(vocabulary):
    """Three questions and their answers; only answers are learned, and one of them is short."""
    generator = torch.Generator().manual_seed(5)
    tokens = torch.randint(3, vocabulary, (3, 9), generator=generator)
    labels = tokens.clone()
    for row, (start, end) in enumerate([(5, 9), (2, 9), (7, 8)]):
        labels[row, :start] = -100
        labels[row, end:] = -100
    return tokens, labels


def matrices(model):
    """An adapter's matrices as they are named in its file."""
    return {
        name.replace(".default", ""): value.detach().clone()
        for name, value in model.named_parameters()
        if "lora_" in name
    }


def train(model, tokens, labels, parameters):
    optimiser = torch.optim.AdamW(parameters, **ADAMW)
    losses, first = [], {}
    for step in range(STEPS):
        optimiser.zero_grad()
        loss = model(tokens, labels=labels).loss
        loss.backward()
        if step == 0:
            first = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    return torch.tensor(losses), first


def decayed(model):
    """Weight decay on matrices only."""
    trained = [value for value in model.parameters() if value.requires_grad]
    return [
        dict(params=[value for value in trained if value.dim() >= 2], weight_decay=0.05),
        dict(params=[value for value in trained if value.dim() < 2], weight_decay=0.0),
    ]


def make(name):
    folder = home / name
    (folder / "adapters").mkdir(parents=True)
    torch.manual_seed(3)
    model = MODELS[name]().float().eval()
    fill(model, 7)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokens, labels = batch(model.config.vocab_size)
    save_file({"tokens": tokens.int(), "labels": labels.int()}, folder / "batch.safetensors")

    def base():
        return type(model).from_pretrained(folder, dtype=torch.float32).eval()

    logits = {"base": base()(tokens[:1]).logits.detach()}
    for seed, (adapter, (config, dtype)) in enumerate(adapters(name).items() if name != "llama-tied" else []):
        peft = get_peft_model(base(), LoraConfig(**config, **LORA))
        shake(peft, 20 + seed)
        peft = peft.eval()
        place = folder / "adapters" / adapter
        peft.save_pretrained(place)
        (place / "README.md").unlink()
        path = place / "adapter_model.safetensors"
        save_file({k: v.to(dtype) for k, v in load_file(path).items()}, path, metadata={"format": "pt"})
        opened = PeftModel.from_pretrained(base(), place).float().eval()
        logits[adapter] = opened(tokens[:1]).logits.detach()
        assert (logits[adapter] - logits["base"]).abs().max() > 0.05
        config_path = place / "adapter_config.json"
        config = json.loads(config_path.read_text())
        config["base_model_name_or_path"] = f"tests/{name}"
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()
        config_path.write_text(json.dumps(config, indent=1) + "\n")
    if name != "llama-tied":
        save_file(logits, folder / "logits.safetensors")
        step_of_adapter(folder, base(), tokens, labels)

    whole = base().train()
    losses, gradients = train(whole, tokens, labels, decayed(whole))
    numbers = {f"gradient.{key}": value for key, value in gradients.items()}
    numbers |= {f"after.{key}": value.detach().clone() for key, value in whole.named_parameters()}
    save_file(numbers | {"losses": losses}, folder / "full.safetensors")


def step_of_adapter(folder, base, tokens, labels):
    peft = get_peft_model(base, LoraConfig(r=3, lora_alpha=12, target_modules="all-linear", **LORA))
    shake(peft, 100)
    before = matrices(peft)
    peft.train()
    losses, gradients = train(peft, tokens, labels, decayed(peft))
    numbers = {f"before.{key}": value for key, value in before.items()}
    numbers |= {f"after.{key}": value for key, value in matrices(peft).items()}
    numbers |= {f"gradient.{key.replace('.default', '')}": value for key, value in gradients.items()}
    save_file(numbers | {"losses": losses}, folder / "lora.safetensors")


if __name__ == "__main__":
    shutil.rmtree(home, ignore_errors=True)
    for model in MODELS:
        make(model)
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    print(f"{size / 1024:.0f} KiB in {home}")
