"""Boldface's embedded engine against PyTorch on the same GPT, weights and batch.

    cargo build --release -p boldface-engine --examples
    python framework/engine/benches/compare_pytorch.py target/release/examples/gpt_step

With `--features tch` for cargo and `--engine tch` at the end, libtorch behind boldface's tensor against PyTorch.

Each program runs with one and with two threads. The four processes take turns, a few steps each,
so that other work on the machine meets them alike; on a busy machine put `chrt -f 1` in front.
Prints the processor, what one of its threads can do at most (`examples/peak.rs`), and a Markdown table with each
program's share of that. The ratio of two programs depends on the processor more than either share. Needs `torch`.
"""

import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

LAYERS, HEADS, WIDTH, TOKENS, BATCH, VOCABULARY = 4, 4, 128, 128, 8, 1000
STEPS, TURN = 300, 10
# Products of a step: twice the weights of linear layers for each token, forward and in both gradients, and the half of
# attention's products that a causal mask leaves.
LINEAR = LAYERS * WIDTH * WIDTH * 12 + WIDTH * VOCABULARY
GFLOP = (6 * BATCH * TOKENS * LINEAR + 6 * LAYERS * BATCH * TOKENS * TOKENS * WIDTH) / 1e9


def read_safetensors(path):
    import torch

    with open(path, "rb") as file:
        blob = file.read()
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        values = torch.frombuffer(bytearray(blob[start:end]), dtype=torch.float32)
        tensors[name] = values.reshape(entry["shape"]).clone().requires_grad_()
    return tensors


def serve_torch(weights, threads):
    """Takes as many steps as each line of standard input says."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(threads)
    p = read_safetensors(weights)
    matrices = [t for t in p.values() if t.dim() >= 2]
    vectors = [t for t in p.values() if t.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=3e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
    place = torch.arange(TOKENS + 1)
    sequence = torch.arange(BATCH)[:, None]
    tokens = (sequence * 7919 + place * place * 31 + place * 17) % VOCABULARY
    inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].reshape(-1)

    def norm(x, name):
        return F.layer_norm(x, (WIDTH,), p[f"{name}.gain"], p[f"{name}.bias"], 1e-5)

    def linear(x, name):
        return F.linear(x, p[f"{name}.weight"], p.get(f"{name}.bias"))

    def step():
        x = F.embedding(inputs, p["embedding.weight"]) + p["places.weight"]
        for layer in range(LAYERS):
            name = f"body.{layer}."
            qkv = linear(norm(x, name + "norm1"), name + "qkv")
            q, k, v = (
                part.view(BATCH, TOKENS, HEADS, WIDTH // HEADS).transpose(1, 2)
                for part in qkv.split(WIDTH, dim=2)
            )
            attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + linear(attended.transpose(1, 2).reshape(BATCH, TOKENS, WIDTH), name + "out")
            x = x + linear(F.gelu(linear(norm(x, name + "norm2"), name + "up")), name + "down")
        logits = linear(norm(x, "norm"), "head")
        loss = F.cross_entropy(logits.view(-1, VOCABULARY), targets)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss.item()

    for line in sys.stdin:
        times, loss, cpu = [], None, time.process_time()
        for _ in range(int(line)):
            start = time.perf_counter()
            loss = step()
            times.append((time.perf_counter() - start) * 1e3)
        cpu_ms = (time.process_time() - cpu) * 1e3 / len(times)
        with open("/proc/self/status") as status:
            peak = next(int(row.split()[1]) for row in status if row.startswith("VmHWM"))
        print(json.dumps({"ms": times, "cpu_ms": cpu_ms, "peak_kib": peak, "loss": loss}), flush=True)


class Program:
    def __init__(self, name, threads, command):
        self.name, self.threads = name, threads
        self.times, self.cpu = [], []
        counts = {key: str(threads) for key in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        # On busy cores, spinning threads slow both sides: PyTorch's threads must not spin.
        environment = {**os.environ, **counts, "OMP_WAIT_POLICY": "PASSIVE"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def take(self, steps, measured=True):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if measured:
            self.times += answer["ms"]
            self.cpu.append(answer["cpu_ms"])
        self.peak, self.loss = answer["peak_kib"] / 1024, answer["loss"]


def processor():
    """Name, family and model of the processor, and its widest vectors."""
    with open("/proc/cpuinfo") as lines:
        told = dict(line.strip().split("\t: ") for line in lines.read().split("\n\n")[0].splitlines() if "\t: " in line)
    told = {key.strip(): value for key, value in told.items()}
    flags = told["flags"].split()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "SSE2"
    return f"{told['model name']} (family {told['cpu family']}, model {told['model']}, {vectors})"


def peak(binary):
    """Most GFLOP/s of one thread; the program lies beside the one that is measured."""
    return float(subprocess.check_output([os.path.join(os.path.dirname(binary), "peak")]))


def compare(binary, options):
    most = peak(binary)
    with tempfile.TemporaryDirectory() as folder:
        weights = os.path.join(folder, "gpt.safetensors")
        subprocess.run([binary, "save", weights], check=True)
        programs = []
        for threads in (1, 2):
            torch = [sys.executable, os.path.abspath(__file__), "--torch", weights, str(threads)]
            programs.append(Program("PyTorch", threads, torch))
            programs.append(Program("boldface", threads, [binary, *options]))
        for turn in range(STEPS // TURN):
            for program in programs:
                program.take(TURN, measured=turn > 0)
    most = max(most, peak(binary))
    print(f"{processor()}: {most:.0f} GFLOP/s per thread at most; a step is {GFLOP:.1f} GFLOP\n")
    print("| threads | program | ms per step, median | fastest tenth | CPU ms | share of the processor | peak MiB ", end="")
    print(f"| loss after {STEPS} |")
    print("|---|---|---|---|---|---|---|---|")
    for program in programs:
        fast = statistics.quantiles(program.times, n=10)[0]
        share = GFLOP / (statistics.median(program.times) / 1e3) / (most * program.threads)
        print(
            f"| {program.threads} | {program.name} | {statistics.median(program.times):.1f} | {fast:.1f} "
            f"| {statistics.median(program.cpu):.1f} | {share:.0%} | {program.peak:.0f} | {program.loss:.5f} |"
        )
        program.process.stdin.close()
        program.process.wait()
    for torch, ours in (programs[:2], programs[2:]):
        speed = statistics.median(torch.times) / statistics.median(ours.times)
        fast = statistics.quantiles(torch.times, n=10)[0] / statistics.quantiles(ours.times, n=10)[0]
        print(
            f"\n{torch.threads} thread(s): {speed:.2f} times as fast (fastest tenth {fast:.2f}), "
            f"{ours.peak / torch.peak:.2f} of the memory"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--torch"]:
        serve_torch(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) in (2, 4):
        compare(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(__doc__)
