"""Opens adapters that boldface trained in Python's PEFT, trains on, and writes them for boldface to read.

    python tests/python/adapter_live.py DIR

For every `DIR/MODEL/NAME` beside a base in `tests/golden/adapter/MODEL`, prints one JSON line: the logits of the golden
batch's first sequence as the adapter is opened (`opened`), after it was merged into the weights (`merged`), and after
three steps of AdamW in Python (`trained`); that one is saved into `DIR/MODEL/NAME.trained`. `tests/tests/adapter.rs` asks.
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

home = Path(__file__).resolve().parents[2] / "tests/golden/adapter"


def base(model):
    return AutoModelForCausalLM.from_pretrained(home / model, dtype=torch.float32).eval()


def main():
    for place in sorted(Path(sys.argv[1]).glob("*/*")):
        model = place.parent.name
        batch = load_file(home / model / "batch.safetensors")
        tokens, labels = batch["tokens"].long(), batch["labels"].long()

        def logits(network):
            with torch.no_grad():
                return network.eval()(tokens[:1]).logits.flatten().tolist()

        told = {"model": model, "name": place.name}
        told["opened"] = logits(PeftModel.from_pretrained(base(model), place))
        told["merged"] = logits(PeftModel.from_pretrained(base(model), place).merge_and_unload())
        peft = PeftModel.from_pretrained(base(model), place, is_trainable=True).train()
        optimiser = torch.optim.AdamW([p for p in peft.parameters() if p.requires_grad], lr=1e-2)
        for _ in range(3):
            optimiser.zero_grad()
            peft(tokens, labels=labels).loss.backward()
            optimiser.step()
        told["trained"] = logits(peft)
        peft.save_pretrained(place.with_name(f"{place.name}.trained"))
        print(json.dumps(told), flush=True)


main()
