"""Fixtures of model files: blocks of every GGUF type decoded by the package `gguf`, and one tiny Llama two ways.

    python tests/python/gguf_golden.py        writes tests/golden/files

`blocks.gguf` has one tensor a type, of random block bytes; `blocks.safetensors` holds what `gguf.quants.dequantize`
makes of them. `tiny/` is a Hugging Face folder of 7-bit numbers, so that f32, f16 and bf16 hold the same; `tiny.gguf`
is the same model with queries and keys permuted as llama.cpp's converter does it. `gpt2`, `llama3` (biases, rotary
divisors) and `qwen3` (YaRN) are pairs of a folder and a GGUF without a tokenizer.

Packages: gguf, numpy, safetensors, tokenizers.
"""

import json
import shutil
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

OUT = Path(__file__).parents[1] / "golden" / "files"
RNG = np.random.default_rng(6)

# Where the 16-bit floats of a block lie; every other byte may be anything.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}


def blocks():
    writer = gguf.GGUFWriter(OUT / "blocks.gguf", "none")
    decoded = {}
    for name in ["F32", "F16", "BF16", *HALVES]:
        kind = gguf.GGMLQuantizationType[name]
        numbers, size = gguf.GGML_QUANT_SIZES[kind]
        rows, columns = 2, 256
        if name in HALVES:
            count = rows * columns // numbers
            raw = RNG.integers(0, 256, (count, size), dtype=np.uint8)
            for at in HALVES[name]:
                scales = (RNG.standard_normal(count) * 10.0 ** RNG.integers(-7, 2, count)).astype(np.float16)
                raw[:, at : at + 2] = scales.view(np.uint8).reshape(count, 2)
            raw = raw.reshape(rows, -1)
        else:
            raw = gguf.quants.quantize(RNG.standard_normal((rows, columns)).astype(np.float32), kind)
        decoded[name] = gguf.quants.dequantize(raw, kind).astype(np.float32).reshape(rows, columns)
        writer.add_tensor(name, raw, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(decoded, OUT / "blocks.safetensors")


WIDTH, INNER, HEADS, KV_HEADS, LAYERS, CONTEXT, END = 24, 20, 3, 1, 2, 64, "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def tokenizer():
    """A byte-level tokenizer of a few words; special tokens come first, as in SmolLM2."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", END]
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        show_progress=False,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator(["the brain and the default network of the resting brain"] * 4, trainer)
    return made, special


def weights(vocabulary):
    made = {}

    def add(name, *dims):
        made[name] = (RNG.integers(-100, 101, dims) / 256).astype(np.float32)

    head = WIDTH // HEADS
    add("model.embed_tokens.weight", vocabulary, WIDTH)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        add(at + "self_attn.q_proj.weight", HEADS * head, WIDTH)
        add(at + "self_attn.k_proj.weight", KV_HEADS * head, WIDTH)
        add(at + "self_attn.v_proj.weight", KV_HEADS * head, WIDTH)
        add(at + "self_attn.o_proj.weight", WIDTH, HEADS * head)
        add(at + "mlp.gate_proj.weight", INNER, WIDTH)
        add(at + "mlp.up_proj.weight", INNER, WIDTH)
        add(at + "mlp.down_proj.weight", WIDTH, INNER)
        add(at + "input_layernorm.weight", WIDTH)
        add(at + "post_attention_layernorm.weight", WIDTH)
    add("model.norm.weight", WIDTH)
    return made


def config(vocabulary):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "num_hidden_layers": LAYERS,
        "max_position_embeddings": CONTEXT,
        "vocab_size": vocabulary,
        "hidden_act": "silu",
        "rms_norm_eps": 2.0**-17,
        "rope_theta": 10000.0,
        "rope_scaling": {"type": "linear", "factor": 2.0},
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
    }


def folder(where, made, text):
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    (where / "config.json").write_text(json.dumps(config(text.get_vocab_size()), indent=1) + "\n")
    text.save(str(where / "tokenizer.json"), pretty=False)
    beside = {"eos_token": END, "bos_token": "<|endoftext|>", "chat_template": TEMPLATE}
    (where / "tokenizer_config.json").write_text(json.dumps(beside, indent=1) + "\n")
    (where / "generation_config.json").write_text(json.dumps({"eos_token_id": [2, 0]}) + "\n")
    (where / "README.md").write_text("---\nlicense: apache-2.0\n---\n\n# Tiny\n")
    save_file(made, where / "model.safetensors")


NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}


def permute(x, heads):
    """Halves of each head to neighbours, as `LlamaModel.permute` of llama.cpp's converter."""
    return x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def whole_gguf(made, text, special):
    writer = gguf.GGUFWriter(OUT / "tiny.gguf", "llama")
    writer.add_name("Tiny")
    writer.add_license("apache-2.0")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(2.0**-17)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(2.0)
    entries = sorted(text.get_vocab(), key=text.get_vocab().get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(entries)
    kinds = [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in entries]
    writer.add_token_types(kinds)
    merges = json.loads(text.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for index, (name, x) in enumerate(made.items()):
        module, kind = name.rsplit(".", 1)
        heads = HEADS if module.endswith("q_proj") else KV_HEADS if module.endswith("k_proj") else None
        x = permute(x, heads) if heads else x
        if module.startswith("model.layers."):
            _, _, layer, module = module.split(".", 3)
            name = f"blk.{layer}.{NAMES[module]}.{kind}"
        else:
            name = f"{NAMES[module]}.{kind}"
        # Norms are always f32; matrices take turns.
        kind = "F32" if x.ndim == 1 else ["F32", "F16", "BF16"][index % 3]
        kind = gguf.GGMLQuantizationType[kind]
        writer.add_tensor(name, gguf.quants.quantize(x, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def family(name):
    """A model of another family as a folder and as GGUF, without a tokenizer; each with what only it has."""
    head, entries, context = 4, 7, 16
    width, inner, heads, kv = (8, 12, 2, 2) if name == "gpt2" else (6, 10, 4, 2)
    made, names, order = {}, {}, {}

    def add(ours, theirs, *dims, turn=None):
        made[ours] = (RNG.integers(-100, 101, dims) / 256).astype(np.float32)
        names[ours], order[ours] = theirs, turn

    writer = gguf.GGUFWriter(OUT / f"{name}.gguf", {"llama3": "llama"}.get(name, name))
    if name == "gpt2":
        config = {"model_type": "gpt2", "n_embd": width, "n_inner": inner, "n_head": heads, "n_layer": 1,
                  "n_positions": context, "vocab_size": entries, "layer_norm_epsilon": 2.0**-17}
        writer.add_layer_norm_eps(2.0**-17)
        add("wte.weight", "token_embd.weight", entries, width)
        add("wpe.weight", "position_embd.weight", context, width)
        # Conv1D: (inputs, outputs) in the folder, turned by the converter.
        linears = [("attn.c_attn", "attn_qkv", width, 3 * width), ("attn.c_proj", "attn_output", width, width),
                   ("mlp.c_fc", "ffn_up", width, inner), ("mlp.c_proj", "ffn_down", inner, width)]
        for ours, theirs, inputs, outputs in linears:
            add(f"h.0.{ours}.weight", f"blk.0.{theirs}.weight", inputs, outputs, turn=np.transpose)
            add(f"h.0.{ours}.bias", f"blk.0.{theirs}.bias", outputs)
        for ours, theirs in [("h.0.ln_1", "blk.0.attn_norm"), ("h.0.ln_2", "blk.0.ffn_norm"), ("ln_f", "output_norm")]:
            add(f"{ours}.weight", f"{theirs}.weight", width)
            add(f"{ours}.bias", f"{theirs}.bias", width)
    else:
        rope = {"rope_type": "yarn", "rope_theta": 1e6, "factor": 4.0, "original_max_position_embeddings": 4}
        if name == "llama3":
            rope = {"rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
        config = {"model_type": {"llama3": "llama"}.get(name, name), "hidden_size": width, "intermediate_size": inner,
                  "num_attention_heads": heads, "num_key_value_heads": kv, "head_dim": head, "num_hidden_layers": 1,
                  "max_position_embeddings": context, "vocab_size": entries, "rms_norm_eps": 2.0**-20,
                  "tie_word_embeddings": False, "attention_bias": name == "llama3", "rope_parameters": rope}
        writer.add_layer_norm_rms_eps(2.0**-20)
        writer.add_key_length(head)
        writer.add_value_length(head)
        writer.add_rope_freq_base(rope["rope_theta"])
        add("model.embed_tokens.weight", "token_embd.weight", entries, width)
        add("lm_head.weight", "output.weight", entries, width)
        add("model.norm.weight", "output_norm.weight", width)
        wide = {"self_attn.q_proj": heads * head, "self_attn.k_proj": kv * head, "self_attn.v_proj": kv * head,
                "mlp.gate_proj": inner, "mlp.up_proj": inner}
        for ours, theirs in list(NAMES.items())[2:]:
            # Only Llama's queries and keys are permuted, with their biases.
            turned = heads if ours.endswith("q_proj") else kv if ours.endswith("k_proj") else None
            turn = (lambda x, heads=turned: permute(x, heads)) if turned and name == "llama3" else None
            dims = [width] if ours.endswith("norm") else [wide[ours], width] if ours in wide else None
            dims = dims or ([width, heads * head] if ours.endswith("o_proj") else [width, inner])
            add(f"model.layers.0.{ours}.weight", f"blk.0.{theirs}.weight", *dims, turn=turn)
            if name == "llama3" and ours.startswith("self_attn"):
                add(f"model.layers.0.{ours}.bias", f"blk.0.{theirs}.bias", dims[0], turn=turn)
        if name == "llama3":
            # llama.cpp's converter: what each frequency is divided by.
            turns = 64 * 1e4 ** (-np.arange(0, head, 2) / head) / (2 * np.pi)
            kept = np.clip((turns - 1) / (4 - 1), 0, 1)
            writer.add_tensor("rope_freqs.weight", (1 / (kept + (1 - kept) / 8)).astype(np.float32))
        else:
            for part in ["q", "k"]:
                add(f"model.layers.0.self_attn.{part}_norm.weight", f"blk.0.attn_{part}_norm.weight", head)
            writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
            writer.add_rope_scaling_factor(4.0)
            writer.add_rope_scaling_orig_ctx_len(4)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    for ours, x in made.items():
        writer.add_tensor(names[ours], np.ascontiguousarray(order[ours](x) if order[ours] else x))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    where = OUT / name
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    (where / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(made, where / "model.safetensors")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    blocks()
    text, special = tokenizer()
    made = weights(text.get_vocab_size())
    folder(OUT / "tiny", made, text)
    whole_gguf(made, text, special)
    for name in ["gpt2", "llama3", "qwen3"]:
        family(name)


if __name__ == "__main__":
    main()
