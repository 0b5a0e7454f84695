"""Numbers of texts for `tests/golden/lm-text.json`: tokens, conversations and rotary frequencies as Python makes them.

    python tests/python/lm_text_golden.py GPT2_FOLDER_WITH_ITS_FILES QWEN3_TOKENIZER.json.gz SMOLLM2.gguf > tests/golden/lm-text.json

Packages: gguf, tokenizers, torch, transformers 5. GPT-2's and Qwen3's files are not in the repository; the numbers are.
"""

import gzip
import json
import sys
from pathlib import Path

import gguf
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Tokenizer, PreTrainedTokenizerFast, LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

# A page of text that splitting rules differ on.
TEXTS = [
    "The default mode network is less coupled to the salience network than in most people.",
    " leading space,  two  spaces   three, trailing space ",
    "\n\nlines\r\nand\ttabs\n   indented\n\n\n",
    "digits 7 42 1234567 3.14159 1,000,000 2nd 0x1F ٣٤٥ ½ ²",
    "don't I'll WE'VE they're it's 'quoted' ‘curly’ “double”—dash–en…",
    "snake_case camelCase HTTPServer a/b\\c d+e=f !!! ??? ... #tag @user e@mail.org https://x.y/z?q=1&r=2",
    "Überraschung naïve café cafe\u0301 Å A\u030a ﬁ ŉ İstanbul ß",
    "日本語のテキスト 中文文本 한국어 텍스트 العربية עברית हिन्दी ไทย",
    "\U0001f9e0 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea ✓ ☃ \U00010348 \ufeffbom \u200b zero",
    "<|endoftext|> <|im_start|>user\nI am text<|im_end|> <think> </think> <fim> [INST] <s>",
    "",
    " ",
    "a",
    "z\u0000\u0001\u007f\u0085\u00a0\u2028\u3000end",
]


def smollm2(path):
    """As the published tokenizer.json of SmolLM2 has it: digits one by one, then GPT-2's split."""
    reader = gguf.GGUFReader(path)
    read = lambda key: reader.fields["tokenizer.ggml." + key].contents()
    tokens, kinds = read("tokens"), read("token_type")
    merges = [tuple(merge.split(" ")) for merge in read("merges")]
    made = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, kinds) if kind == gguf.TokenType.CONTROL]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    template = reader.fields["tokenizer.chat_template"].contents()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>", bos_token="<|im_start|>"), template


def tokens(tokenizer):
    plain = [tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"] for text in TEXTS]
    marked = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    return {"plain": plain, "marked": marked}


# Templates in the form of three families; SmolLM2's is the one in its GGUF.
LLAMA3 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- else %}
        {{- raise_exception("tools are not part of this") }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
QWEN3 = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- for tool in tools %}
        {{- tool | tojson }}
    {%- endfor %}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
# Blocks on lines of their own, filters, a macro, a conditional loop and a nested one.
ODD = """{% set names = {'user': 'Human', 'assistant': 'AI'} %}
{% macro say(role, text) %}
    {%- if role in names %}
[{{ names[role] | upper }}]
{% else %}
[{{ role | capitalize }}]
    {% endif %}
{{ text | replace('\\n', ' ') | trim }}{{ eos_token }}
{% endmacro %}
{{ bos_token }}{{ unk_token }}
  {% for message in messages if message.content %}
{{ say(message.role, message['content']) -}}
    {% for word in message.content.split() %}{% if loop.index <= 2 %}{{ loop.index }}:{{ word }}{{ "," if not loop.last }}{% endif %}{% endfor %}

  {% endfor %}
{{ messages | map(attribute='role') | join('/') }} {{ messages | tojson }} {{ messages[-1] | tojson(indent=2) }}
{%- if add_generation_prompt %} {{ 'AI' ~ loop | default('>') }}{% endif %}
"""

CONVERSATIONS = [
    [("user", "Is this scan of a woman?")],
    [("system", " You read scans. "), ("user", "Hello\n"), ("assistant", "Hi <b>&\"'é\" \\u003c there"), ("user", "Age?")],
    [("user", "2 + 2?"), ("assistant", "<think>\nadd them\n</think>\n\n4"), ("user", "sure?"), ("assistant", "<think>\nyes\n</think>\n\nYes.")],
    [("user", ""), ("assistant", "answer without a question")],
]


def conversations(smollm, smollm_template):
    named = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
    made = []
    for name, template in [("smollm2", smollm_template), ("llama3", LLAMA3), ("qwen3", QWEN3), ("odd", ODD)]:
        smollm.bos_token, smollm.eos_token = named["bos_token"], named["eos_token"]
        for turns in CONVERSATIONS:
            messages = [{"role": role, "content": content} for role, content in turns]
            for begin in [False, True]:
                text = smollm.apply_chat_template(
                    messages, chat_template=template, tokenize=False, add_generation_prompt=begin,
                    enable_thinking=False, date_string="26 Jul 2024",
                )
                made.append({"template": name, "messages": turns, "open": begin, "text": text})
    return {"templates": {"llama3": LLAMA3, "qwen3": QWEN3, "odd": ODD}, "special": named, "rendered": made}


ROPES = [
    {"rope_type": "default", "rope_theta": 10000.0},
    {"rope_type": "default", "rope_theta": 1000000.0},
    {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
    {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0},
    {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
     "original_max_position_embeddings": 8192},
    {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 2.0, "high_freq_factor": 3.0,
     "original_max_position_embeddings": 128},
    {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 32768},
    {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 16.0, "original_max_position_embeddings": 4096,
     "beta_fast": 24.0, "beta_slow": 2.0, "attention_factor": 1.25},
    {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 40.0, "original_max_position_embeddings": 4096,
     "mscale": 0.707, "mscale_all_dim": 1.0, "truncate": False},
    {"rope_type": "yarn", "rope_theta": 150000.0, "factor": 1.0, "original_max_position_embeddings": 64},
]


def ropes():
    made = []
    for parameters in ROPES:
        config = LlamaConfig(hidden_size=192, num_attention_heads=3, head_dim=64, max_position_embeddings=131072,
                             rope_parameters=dict(parameters))
        if parameters["rope_type"] == "default":
            frequencies = [parameters["rope_theta"] ** (-i / 32) for i in range(32)]
            scale = 1.0
        else:
            frequencies, scale = ROPE_INIT_FUNCTIONS[parameters["rope_type"]](config, "cpu")
            frequencies = frequencies.tolist()
        made.append({"parameters": parameters, "frequencies": frequencies, "scale": scale})
    return made


def main():
    gpt2_folder, qwen3_file, smollm2_file = map(Path, sys.argv[1:])
    vocab = json.loads((gpt2_folder / "gpt2_encoder.json").read_text())
    merges = (gpt2_folder / "gpt2_vocab.bpe").read_text().splitlines()[1:]
    gpt2 = GPT2Tokenizer(vocab=vocab, merges=[tuple(merge.split(" ")) for merge in merges if merge])
    qwen3 = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(gzip.open(qwen3_file, "rt").read()))
    smollm, template = smollm2(smollm2_file)
    golden = {
        "texts": TEXTS,
        "tokens": {"gpt2": tokens(gpt2), "qwen3": tokens(qwen3), "smollm2": tokens(smollm)},
        "chat": conversations(smollm, template),
        "ropes": ropes(),
    }
    print(json.dumps(golden, ensure_ascii=True))


if __name__ == "__main__":
    main()
