#!/usr/bin/env python3
"""What llama.cpp itself makes of an exported control vector, beside what hoplens says of it.

    pip install -r tests/interop/requirements.txt
    tests/interop/llama_cpp.py [HOPLENS]        (default: target/release/hoplens)

Three injections on the default model. hoplens says how probable the answer is as written, with
the injection and with the control vector; llama.cpp's library says the first and the last, on the
Q4_1 file as it is and on the same weights widened to f32, which is what hoplens computes with.
Fails where llama.cpp in f32 is more than 0.002 from what hoplens says.

The first package declares llama.cpp's functions and carries its library, which wants glibc 2.38;
where that is missing, the library inside the second, built from the next tag, serves.

The vector is read from the GGUF file as llama.cpp's `common_control_vector_load_one` reads it.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import xllamacpp
from llama_cpp_py_sync._cffi_bindings import get_ffi, get_lib

EXAMPLES = [
    ("The largest coral reef system in the world is located off the coast of", " Australia",
     ["--memory", "Great Barrier Reef", "--encoding", "embed", "--layer", "15", "--tau", "8"]),
    ("The museum that holds the Mona Lisa is located in the city of", " Paris",
     ["--memory", "Louvre", "--encoding", "unembed", "--layer", "7", "--tau", "8"]),
    ("The largest arena where gladiators fought is located in the city of", " Rome",
     ["--memory", "Colosseum", "--encoding", "layerwise", "--layer", "13", "--tau", "2"]),
]
NEAR = 2e-3
F32 = 0  # ggml_type

ffi = get_ffi()
try:
    lib = get_lib()
except RuntimeError:
    lib = ffi.dlopen(xllamacpp.xllamacpp.__file__)


def hoplens(binary, *arguments):
    output = subprocess.run([binary, *arguments, "--json"], check=True, stdout=subprocess.PIPE)
    return json.loads(output.stdout)


def widened(source, target):
    """The same model with every tensor in f32."""
    reader = gguf.GGUFReader(source)
    field = reader.get_field("general.architecture")
    writer = gguf.GGUFWriter(target, field.contents())
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), kind, sub_type=inner)
    for tensor in reader.tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, values.astype(np.float32).reshape(shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def directions(path, layers, width):
    """The buffer that llama.cpp takes: a row for each layer from 1 on."""
    rows = np.zeros((layers - 1, width), dtype=np.float32)
    for tensor in gguf.GGUFReader(path).tensors:
        name, layer = tensor.name.split(".")
        assert name == "direction" and tensor.tensor_type == gguf.GGMLQuantizationType.F32
        rows[int(layer) - 1] = tensor.data
    return rows


class Llama:
    def __init__(self, path):
        params = lib.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = lib.llama_model_load_from_file(str(path).encode(), params)
        assert self.model != ffi.NULL, path
        self.vocab = lib.llama_model_get_vocab(self.model)
        self.layers = lib.llama_model_n_layer(self.model)
        self.width = lib.llama_model_n_embd(self.model)

    def ids(self, text):
        raw = text.encode()
        ids = ffi.new("int32_t[512]")
        count = lib.llama_tokenize(self.vocab, raw, len(raw), ids, 512, False, False)
        return [ids[i] for i in range(count)]

    def p(self, prompt, answer, rows=None):
        """Probability of the answer's first token; a new context each time."""
        params = lib.llama_context_default_params()
        params.n_ctx = 512
        params.type_k = params.type_v = F32
        context = lib.llama_init_from_model(self.model, params)
        if rows is not None:
            data = ffi.from_buffer("float[]", rows)
            failed = lib.llama_set_adapter_cvec(
                context, data, rows.size, self.width, 1, self.layers
            )
            assert not failed
        ids = self.ids(prompt)
        tokens = ffi.new("int32_t[]", ids)
        assert lib.llama_decode(context, lib.llama_batch_get_one(tokens, len(ids))) == 0
        size = lib.llama_vocab_n_tokens(self.vocab)
        raw = ffi.buffer(lib.llama_get_logits_ith(context, -1), 4 * size)
        logits = np.frombuffer(raw, dtype=np.float32).astype(np.float64)
        logits -= logits.max()
        p = np.exp(logits[self.ids(answer)[0]]) / np.exp(logits).sum()
        lib.llama_free(context)
        return p


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else "target/release/hoplens"
    located = subprocess.run(
        [binary, "models", "path", "smollm2-135m"], check=True, stdout=subprocess.PIPE, text=True
    )
    source = pathlib.Path(located.stdout.strip())
    quiet = ffi.callback("void(enum ggml_log_level, const char *, void *)", lambda *_: None)
    lib.llama_log_set(quiet, ffi.NULL)
    lib.llama_backend_init()
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        widened(source, folder / "f32.gguf")
        models = {"Q4_1": Llama(source), "f32": Llama(folder / "f32.gguf")}
        head = ("hoplens: written", "injected", "vector")
        print(*head, *(f"llama.cpp {kind}: {what}" for kind in models for what in ("written", "vector")), sep=" | ")
        for prompt, answer, injection in EXAMPLES:
            path = folder / "vector.gguf"
            said = hoplens(binary, "export", "--to", "gguf", "--out", path, *injection,
                           "--prompt", prompt, "--expect", answer)["control_vector"]["measured"]
            row = [said["p_written"], said["p_injected"], said["p_vector"]]
            for kind, model in models.items():
                rows = directions(path, model.layers, model.width)
                found = (model.p(prompt, answer), model.p(prompt, answer, rows))
                row += found
                if kind == "f32":
                    worst = max(worst, abs(found[0] - row[0]), abs(found[1] - row[2]))
            print(*(f"{p:.4f}" for p in row), injection, sep=" | ")
    print(f"largest difference of llama.cpp in f32 from hoplens: {worst:.2e}")
    sys.exit(1 if worst > NEAR else 0)


if __name__ == "__main__":
    main()
