"""Writes the files that fuzzing begins with into fuzz/seeds. Needs Python only."""

import json
import struct
from pathlib import Path

SEEDS = Path(__file__).resolve().parent / "seeds"
TINY = SEEDS.parent.parent / "tests" / "fixtures"


def write(target, name, content):
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def value(of):
    if isinstance(of, bool):
        return struct.pack("<IB", 7, of)
    if isinstance(of, int):
        return struct.pack("<II", 4, of)
    if isinstance(of, float):
        return struct.pack("<If", 6, of)
    if isinstance(of, str):
        return struct.pack("<I", 8) + text(of)
    parts = [value(one) for one in of]
    return struct.pack("<I", 9) + parts[0][:4] + struct.pack("<Q", len(of)) + b"".join(part[4:] for part in parts)


def gguf(entries, tensors):
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries))
    for key, of in entries.items():
        head += text(key) + value(of)
    data = b""
    for name, (shape, kind, content) in tensors.items():
        head += text(name) + struct.pack("<I", len(shape))
        head += b"".join(struct.pack("<Q", dim) for dim in reversed(shape)) + struct.pack("<IQ", kind, len(data))
        data += content + bytes(-len(content) % 32)
    return head + bytes(-len(head) % 32) + data


def llama():
    entries = {"general.architecture": "llama", "llama.block_count": 1, "llama.embedding_length": 32}
    entries |= {"llama.attention.head_count": 2, "llama.attention.head_count_kv": 1, "llama.feed_forward_length": 32}
    entries |= {"llama.context_length": 16, "llama.rope.freq_base": 1e4, "llama.rope.scaling.type": "yarn"}
    entries |= {"llama.rope.scaling.factor": 2.0, "llama.attention.layer_norm_rms_epsilon": 1e-5}
    entries |= {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2"}
    entries |= {"tokenizer.ggml.tokens": ["a", "b", "ab", "<s>"], "tokenizer.ggml.merges": ["a b"]}
    entries |= {"tokenizer.ggml.token_type": [1, 1, 1, 3], "tokenizer.ggml.bos_token_id": 3}
    vector = ([32], 0, struct.pack("<32f", *[1.0] * 32))
    matrix = lambda rows: ([rows, 32], 8, (b"\0\x20" + bytes(range(32))) * rows)  # Q8_0
    tensors = {"token_embd.weight": matrix(4), "output_norm.weight": vector}
    for name in ("attn_norm", "ffn_norm"):
        tensors[f"blk.0.{name}.weight"] = vector
    for name, rows in {"attn_q": 32, "attn_k": 16, "attn_v": 16, "attn_output": 32, "ffn_gate": 32, "ffn_up": 32, "ffn_down": 32}.items():
        tensors[f"blk.0.{name}.weight"] = matrix(rows)
    return gguf(entries, tensors)


def safetensors(header, data):
    head = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(head)) + head + data


def main():
    write("gguf_header", "llama.gguf", llama())
    write("gguf_header", "entries.gguf", gguf({"a": [True, False], "b": [1.5], "c": "x", "general.alignment": 64}, {}))
    kinds = {f"t{kind}": ([2, 256], kind, bytes(600)) for kind in (1, 2, 3, 6, 7, 10, 11, 12, 13, 14, 30)}
    write("gguf_header", "kinds.gguf", gguf({"general.architecture": "gpt2"}, kinds))
    two = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
    half = {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]}
    write("safetensors_header", "two.safetensors", safetensors({"a": two, "b": half}, bytes(22)))
    write("safetensors_header", "none.safetensors", safetensors({"__metadata__": {"format": "pt"}}, b""))
    tokenizer = json.loads((TINY / "tiny-llama" / "tokenizer.json").read_text())
    model = tokenizer["model"]
    model["vocab"] = {token: id_ for token, id_ in model["vocab"].items() if id_ < 260}
    model["merges"] = [pair for pair in model["merges"] if "".join(pair) in model["vocab"]]
    write("tokenizer_json", "bytes.json", json.dumps(tokenizer).encode())
    model |= {"vocab": {"a": 0, "b": 1, "ab": 2, "<unk>": 3}, "merges": ["a b"], "unk_token": "<unk>", "byte_fallback": True}
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend", "prepend": "▁"}]}
    split = {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}|\\s+(?!\\S)"}, "behavior": "Isolated", "invert": False}
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, {"type": "Digits", "individual_digits": True}]}
    write("tokenizer_json", "parts.json", json.dumps(tokenizer).encode())
    unigram = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁a", -1.5], ["b", -2.0]], "byte_fallback": False}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    write("tokenizer_json", "unigram.json", json.dumps(tokenizer | {"model": unigram, "normalizer": None, "pre_tokenizer": metaspace, "decoder": metaspace}).encode())


if __name__ == "__main__":
    main()
