"""What version 0.1 of the PyPI package `prompty` makes of prompts: a JSON list of {text, input,
files} on standard input, a list of {messages} or {error} on standard output."""

import json
import sys
import tempfile
from pathlib import Path

import prompty


def text_of(content) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def read(text: str, values: dict, files: dict, folder: Path) -> dict:
    path = folder / "case.prompty"
    path.write_bytes(text.encode())
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
    try:
        messages = prompty.prepare(prompty.load(str(path)), values)
        return {
            "messages": [
                {"role": message["role"], "text": text_of(message["content"])}
                for message in messages
            ]
        }
    except Exception as error:  # whatever the package refuses is an answer
        return {"error": f"{type(error).__name__}: {error}"}


answers = []
for one in json.loads(sys.stdin.buffer.read()):
    with tempfile.TemporaryDirectory() as folder:
        answers.append(read(one["text"], one["input"], one["files"], Path(folder)))
sys.stdout.write(json.dumps(answers))
