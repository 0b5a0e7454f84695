"""Training steps of language models: boldface against PyTorch + transformers + peft, same weights and batches.

    cargo build --release -p boldface-lm --example train_step
    cargo build --release -p boldface-engine --example peak
    python tests/python/bench_lm.py target/release/examples/train_step [--works gpt2-lora,gpt2-full,stage3]

With a second binary, built with `--features tch`, behind `--tch`, that engine is measured too (it finds libtorch by
`LD_LIBRARY_PATH=$PWD/.libtorch/torch/lib`); with `--device cuda:0 --precision bf16` it alone, on the card, beside
PyTorch under autocast (losses then agree to 3e-2). The programs of one number of threads take turns, a step each, so
that other work on the machine meets them alike. Losses of the first steps must agree to 1e-3, or there is no table.
Prints Markdown, on the CPU with each program's share of what the processor can do at most (`examples/peak.rs` of the
engine). Needs torch, transformers, peft and safetensors.

The peer does what the libraries do by default: fused attention, fused AdamW, and for stage 3 one padded sequence a
question, with logits at every place and labels of -100 where nothing is asked.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "framework/engine/benches"))
from compare_pytorch import peak, processor

# Work: sequences (or questions), tokens (or patches), measured steps.
WORKS = {"gpt2-lora": (2, 512, 10), "gpt2-full": (2, 512, 8), "stage3": (8, 450, 4)}
# GFLOP of a step's products, ours and the peer's; `framework/lm/benches/README.md` adds them up.
GFLOP = {"gpt2-lora": (540, 540), "gpt2-full": (790, 790), "stage3": (290, 3200)}
TOLERANCES = {"f32": 1e-3, "tf32": 1e-2, "bf16": 3e-2}


def token(sequence, place, vocabulary):
    """As in `framework/lm/examples/train_step/work.rs`."""
    return (sequence * 7919 + place * place * 31 + place * 17) % vocabulary


def lengths(question):
    """Tokens of a question and of its answer, as in `work.rs`."""
    return 16 + 5 * question % 13, 2 + 3 * question % 7


def adapted(model, weights, targets, fan_in_fan_out):
    """The model with LoRA, A as in our file and B zero."""
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=8, lora_alpha=16, target_modules=targets, fan_in_fan_out=fan_in_fan_out, task_type="CAUSAL_LM"
    )
    model = get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".lora_A." in name:
                layer = name.removeprefix("base_model.model.").split(".lora_A.")[0]
                parameter.copy_(weights[f"{layer}.lora_a"])
    return model


def gpt2(weights, is_lora):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False)
    model = GPT2LMHeadModel(config)
    state = {}
    for name, tensor in weights.items():
        linear = any(part in name for part in (".c_attn.", ".c_proj.", ".c_fc.")) and name.endswith("weight")
        state[name] = tensor.T.contiguous() if linear else tensor
    state = {name: tensor for name, tensor in state.items() if ".lora_" not in name}
    load(model, state)
    return adapted(model, weights, ["c_attn", "c_proj", "c_fc"], True) if is_lora else model


def load(model, state):
    wrong = model.load_state_dict(state, strict=False)
    missing = [name for name in wrong.missing_keys if name != "lm_head.weight"]
    assert not missing and not wrong.unexpected_keys, wrong


def gpt2_step(model, batch, tokens, device):
    import torch
    import torch.nn.functional as F

    vocabulary = 50257
    ids = torch.tensor([[token(b, t, vocabulary) for t in range(tokens + 1)] for b in range(batch)])
    inputs, targets = ids[:, :-1].contiguous().to(device), ids[:, 1:].reshape(-1).to(device)
    return lambda: F.cross_entropy(model(input_ids=inputs).logits.view(-1, vocabulary), targets)


def qwen3(weights):
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=151936, hidden_size=768, intermediate_size=2304, num_hidden_layers=12, num_attention_heads=12,
        num_key_value_heads=6, head_dim=64, tie_word_embeddings=True, rms_norm_eps=1e-6, use_cache=False,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6}, max_position_embeddings=4096,
    )  # fmt: skip
    model = Qwen3ForCausalLM(config)
    names = (name for name in weights if ".lora_" not in name and name != "scan.weight")
    load(model, {name: weights[name] for name in names})
    linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    return adapted(model, weights, linears, False)


def stage3_step(model, scan, questions, patches, device):
    import torch

    numbers = [(i * 37 % 101) / 50.0 - 1.0 for i in range(patches * 128)]
    features = torch.tensor(numbers).view(patches, 128)
    longest = max(sum(lengths(q)) for q in range(questions))
    ids = torch.zeros(questions, longest, dtype=torch.long)
    labels = torch.full((questions, patches + longest), -100)
    mask = torch.ones(questions, patches + longest, dtype=torch.long)
    for q in range(questions):
        asked, answered = lengths(q)
        ids[q, : asked + answered] = torch.tensor([token(q, t, 151936) for t in range(asked + answered)])
        labels[q, patches + asked : patches + asked + answered] = ids[q, asked : asked + answered]
        mask[q, patches + asked + answered :] = 0
    features, ids, labels, mask = (x.to(device) for x in (features, ids, labels, mask))

    def loss():
        prefix = torch.nn.functional.linear(features, scan).expand(questions, -1, -1)
        embedded = torch.cat([prefix, model.get_input_embeddings()(ids)], 1)
        return model(inputs_embeds=embedded, attention_mask=mask, labels=labels).loss

    return loss


def serve(work, path, threads, device, precision):
    """Takes as many steps as each line of standard input says."""
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    cast = torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bf16")
    weights = load_file(path)
    batch, tokens, _ = WORKS[work]
    extra = []
    if work == "stage3":
        model = qwen3(weights).to(device)
        scan = torch.nn.Parameter(weights["scan.weight"].to(device, copy=True))
        loss_of, extra = stage3_step(model, scan, batch, tokens, device), [scan]
    else:
        model = gpt2(weights, work == "gpt2-lora").to(device)
        loss_of = gpt2_step(model, batch, tokens, device)
    del weights
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad] + extra
    groups = [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
    for line in sys.stdin:
        times, losses, cpu = [], [], time.process_time()
        for _ in range(int(line)):
            start = time.perf_counter()
            with cast:
                loss = loss_of()
            loss.backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(loss.item())
            times.append((time.perf_counter() - start) * 1e3)
        cpu_ms = (time.process_time() - cpu) * 1e3 / len(times)
        with open("/proc/self/status") as status:
            peak = next(int(row.split()[1]) for row in status if row.startswith("VmHWM"))
        print(json.dumps({"ms": times, "cpu_ms": cpu_ms, "peak_kib": peak, "losses": losses}), flush=True)


class Program:
    def __init__(self, name, threads, command):
        self.name, self.threads = name, threads
        self.times, self.cpu, self.losses = [], [], []
        counts = {key: str(threads) for key in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        # On busy cores, spinning threads slow both sides: PyTorch's threads must not spin.
        environment = {**os.environ, **counts, "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def step(self, measured):
        try:
            self.process.stdin.write("1\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            sys.exit(f"{self.name} with {self.threads} threads stopped (status {self.process.wait()}); see above")
        if measured:
            self.times += answer["ms"]
            self.cpu.append(answer["cpu_ms"])
        self.peak = answer["peak_kib"] / 1024
        self.losses += answer["losses"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def measure(work, binaries, steps, place):
    """All programs of one work, in turns; the first two steps are not measured."""
    batch, tokens, _ = WORKS[work]
    size = [work, str(batch), str(tokens)]
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        weights = os.path.join(folder, "weights.safetensors")
        subprocess.run([next(iter(binaries.values()))[0], *size, "save", weights], check=True)
        # The programs of one number of threads at a time: two peers at once are more than 24 GiB on stage 3.
        for threads in (1, 2) if place[0] == "cpu" else (1,):
            peer = [sys.executable, os.path.abspath(__file__), "--serve", work, weights, str(threads), *place]
            programs = [Program("PyTorch", threads, peer)]
            for name, (binary, *options) in binaries.items():
                programs.append(Program(name, threads, [binary, *size, *options]))
            for turn in range(2 + steps):
                for program in programs:
                    program.step(turn >= 2)
            for program in programs:
                program.stop()
            measured += programs
    return measured


def rows(work, programs, tolerance, most):
    """Table rows of one work, after a check that all computed the same. `most` GFLOP/s per thread are possible."""
    first = programs[0]
    for program in programs:
        for ours, theirs in zip(program.losses[:3], first.losses):
            if abs(ours - theirs) > tolerance:
                sys.exit(f"{work}: {program.name} has losses {program.losses[:3]}, not {first.losses[:3]}")
    for program in programs:
        peer = next(p for p in programs if p.threads == program.threads)
        ms, speed = statistics.median(program.times), statistics.median(peer.times)
        needed = GFLOP[work][program.name == "PyTorch"]
        share = f"{needed / (ms / 1e3) / (most * program.threads):.0%}" if most else "-"
        yield (
            f"| {work} | {program.threads} | {program.name} | {ms:.0f} | {min(program.times):.0f} "
            f"| {statistics.median(program.cpu):.0f} | {share} | {speed / ms:.2f} | {program.peak:.0f} "
            f"| {program.losses[2]:.4f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="train_step of the embedded engine")
    parser.add_argument("--tch", help="train_step built with `--features tch`")
    parser.add_argument("--works", default=",".join(WORKS))
    parser.add_argument("--steps", type=int, help="measured steps, instead of those of the work")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="f32", choices=TOLERANCES)
    arguments = parser.parse_args()
    place = [arguments.device, arguments.precision]
    # Only libtorch knows cards and other precisions; weights are saved by the first program.
    binaries = {"boldface": [arguments.binary]} if place == ["cpu", "f32"] else {}
    if arguments.tch:
        options = ["--engine", "tch", "--device", place[0], "--precision", place[1]]
        binaries["boldface tch"] = [arguments.tch, *options]
    if not binaries:
        parser.error("a card, and another precision than f32, need the binary behind --tch")
    most = None
    if arguments.device == "cpu":
        most = peak(arguments.binary)
        print(f"{processor()}: {most:.0f} GFLOP/s per thread at most\n")
    print("| work | threads | program | ms per step, median | fastest | CPU ms | share of the processor ", end="")
    print("| times PyTorch | peak MiB | third loss |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for work in arguments.works.split(","):
        programs = measure(work, binaries, arguments.steps or WORKS[work][2], place)
        print("\n".join(rows(work, programs, TOLERANCES[place[1]], most)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], sys.argv[3], int(sys.argv[4]), *sys.argv[5:])
    else:
        main()
