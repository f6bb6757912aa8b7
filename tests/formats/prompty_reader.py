"""What the PyPI package `prompty` makes of prompts: a JSON list of {text, input, files} on standard
input, a list of {messages, metadata, instructions} or {error} on standard output."""

import json
import sys
import tempfile
from pathlib import Path

import prompty
from prompty.core import pipeline


def read(text: str, values: dict, files: dict, folder: Path) -> dict:
    path = folder / "case.prompty"
    path.write_bytes(text.encode())
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
    try:
        agent = prompty.load(path)
        messages = pipeline.prepare(agent, values)
        metadata = {k: v for k, v in (agent.metadata or {}).items() if not k.startswith("__")}
        return {
            "messages": [{"role": message.role, "text": message.text} for message in messages],
            "metadata": metadata,
            "instructions": agent.instructions,
        }
    except Exception as error:  # whatever the package refuses is an answer
        return {"error": f"{type(error).__name__}: {error}"}


answers = []
for one in json.loads(sys.stdin.buffer.read()):
    with tempfile.TemporaryDirectory() as folder:
        answers.append(read(one["text"], one["input"], one["files"], Path(folder)))
sys.stdout.write(json.dumps(answers))
