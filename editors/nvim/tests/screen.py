"""Compares the screens in the documentation with what a terminal shows.

Usage: screen.py NVIM HOPLENS FOLDER

Types into real Neovim inside tmux, and compares each screen with the block of the same name in
docs/editors.md and doc/hoplens.txt. Texts must be equal. Numbers may differ by rounding, and the
shade of a cell by one step. HOPLENS_UPDATE=1 writes the blocks instead.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from picture import svg

NVIM, HOPLENS, FOLDER = (Path(part).absolute() for part in sys.argv[1:4])
PLUGIN = Path(__file__).resolve().parent.parent
ROOT = PLUGIN.parent.parent
SHADES = " ·░▒▓█"
# Each document with the marker before a screen's block and the end of the block.
DOCUMENTS = [
    (ROOT / "docs/editors.md", r"<!-- nvim-screen: {} -->\n\n```text\n", "```"),
    (PLUGIN / "doc/hoplens.txt", r"\*hoplens-screen-{}\* *>\n", "<"),
]


class Terminal:
    """Neovim in tmux, 100 columns by 24 lines."""

    def __init__(self, file: Path) -> None:
        self.tmux = ["tmux", "-L", f"hoplens-{os.getpid()}", "-f", "/dev/null"]
        enable = "lua vim.lsp.enable('hoplens')"
        early = ["--cmd", f"set rtp^={PLUGIN} noswapfile", "--cmd", enable]
        command = [NVIM, "--clean", *early, file.name]
        env = {
            **os.environ,
            "PATH": f"{FOLDER / 'bin'}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "XDG_CONFIG_HOME": str(FOLDER / "config"),
            "XDG_DATA_HOME": str(FOLDER / "data"),
            "XDG_STATE_HOME": str(FOLDER / "state"),
        }
        size = ["-x", "100", "-y", "24"]
        start = [*self.tmux, "new-session", "-d", *size, *map(str, command)]
        subprocess.run(start, env=env, cwd=file.parent, check=True)

    def screen(self, colours: bool = False) -> str:
        command = [*self.tmux, "capture-pane", "-p", *(["-e"] if colours else [])]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def type(self, *keys: str) -> None:
        subprocess.run([*self.tmux, "send-keys", *keys], check=True)

    def wait(self, part, seconds: float = 600, retry=lambda: None) -> str:
        """Waits for a screen and returns it once it no longer changes.

        `part` is a text on the screen or a predicate. `retry` runs while the screen does not match."""
        is_there = part if callable(part) else lambda screen: part in screen
        end, before = time.time() + seconds, ""
        while time.time() < end:
            time.sleep(0.3)
            now = self.screen()
            if is_there(now) and now == before:
                return now
            if not is_there(now):
                retry()
            before = now
        raise SystemExit(f"timed out waiting for {part!r}; the screen is:\n{self.screen()}")

    def close(self) -> None:
        subprocess.run([*self.tmux, "kill-server"], check=False)


def float_of(screen: str) -> str:
    """Returns the lines of a float, with its borders."""
    lines = screen.splitlines()
    top = next(index for index, line in enumerate(lines) if "╭" in line and "╮" in line)
    bottom = next(index for index, line in enumerate(lines) if "╰" in line and top < index)
    left, right = lines[top].index("╭"), lines[top].index("╮") + 1
    return "\n".join(line[left:right] for line in lines[top : bottom + 1])


def menu_of(screen: str) -> str:
    """Returns the choices of a menu, with wrapped lines joined."""
    between = screen.split("Code actions:\n")[1].split("Type number")[0]
    return re.sub(r"\n(?! *\d+: )", "", between)


def plain(screen: str) -> str:
    """Returns the screen without the `~` lines after the end of the buffer."""
    lines = [line.rstrip() for line in screen.splitlines()]
    return "\n".join(line for line in lines if line != "~").rstrip()


def shots(file: Path) -> dict[str, str]:
    """Returns all screens by name."""
    found = {}
    terminal = Terminal(file)
    try:
        terminal.wait("repairs, best ×")
        terminal.type("G", "$")
        found["prompt"] = plain(terminal.wait('→ " Australia"'))
        save_screen(terminal, "prompt")

        def ask_again() -> None:
            terminal.type("Escape")
            # Without a pause, a terminal sends <Esc> 0 as <M-0>.
            time.sleep(0.5)
            terminal.type("0", "gra")
            time.sleep(6)

        def is_measured(screen: str) -> bool:
            # The comparison with random memories is measured last.
            injected = screen.count("Inject memory")
            return 0 < injected == screen.replace("\n", "").count(", better than")

        actions = terminal.wait(is_measured, retry=ask_again)
        found["repairs"] = menu_of(actions)
        terminal.type("Escape")
        time.sleep(0.5)
        terminal.type("$")
        for name, keys, part in [
            ("heads", [":Hoplens heads", "Enter"], "retrieves"),
            ("attention", ["Enter"], "looks at"),
            ("sweep", ["q", ":Hoplens sweep", "Enter"], "rank #"),
        ]:
            terminal.type(*keys)
            found[name] = float_of(terminal.wait(part if name != "attention" else "what head"))
            save_screen(terminal, name)
    finally:
        terminal.close()
    return found


def save_screen(terminal: Terminal, name: str) -> None:
    """Saves the screen with its colours in the folder."""
    (FOLDER / f"{name}.ansi").write_text(terminal.screen(colours=True))


def same(shown: str, documented: str) -> bool:
    """Whether two lines are equal within the tolerances."""
    number = re.compile(r"\d+(?:\.\d+)?")
    left, right = number.split(shown.rstrip()), number.split(documented.rstrip())
    if len(left) != len(right):
        return False
    for one, other in zip(number.findall(shown), number.findall(documented)):
        if abs(float(one) - float(other)) > max(0.011, 0.02 * abs(float(other))):
            return False
    texts = zip("".join(left).ljust(99), "".join(right).ljust(99))
    near = lambda a, b: a in SHADES and b in SHADES and abs(SHADES.index(a) - SHADES.index(b)) < 2
    return all(a == b or near(a, b) for a, b in texts)


def check(path: Path, start: str, end: str, found: dict[str, str]) -> list[str]:
    """Returns the differences between a document's screens and the terminal."""
    text, problems, seen = path.read_text(), [], 0
    for name, shown in found.items():
        block = re.search(f"({start.format(name)})(.*?)^({end})", text, re.DOTALL | re.MULTILINE)
        if not block:
            continue
        seen += 1
        if os.environ.get("HOPLENS_UPDATE") == "1":
            indent = "\t" if path.suffix == ".txt" else ""
            fresh = textwrap.indent(shown, indent) + "\n"
            text = text[: block.start(2)] + fresh + text[block.end(2) :]
            continue
        documented = textwrap.dedent(block[2]).strip("\n").splitlines()
        lines = textwrap.dedent(shown).strip("\n").splitlines()
        if len(lines) != len(documented) or not all(map(same, lines, documented)):
            wrong = [f"  terminal: {a}\n  document: {b}" for a, b in zip(lines, documented) if not same(a, b)]
            problems.append(
                f"{path.name} shows another screen `{name}` ({len(documented)} lines) than the"
                f" terminal ({len(lines)} lines). HOPLENS_UPDATE=1 updates it.\n" + "\n".join(wrong)
            )
    if os.environ.get("HOPLENS_UPDATE") == "1":
        path.write_text(text)
    return problems if seen else [f"{path.name} has no screen"]


def draw() -> None:
    """Draws the picture of the table of heads."""
    screen = (FOLDER / "heads.ansi").read_text()
    picture = svg(screen, "Neovim with a table of 30 layers by 9 heads over a prompt")
    (ROOT / "docs/images/nvim-heads.svg").write_text(picture)


def main() -> None:
    work = FOLDER / "screen"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (FOLDER / "bin").mkdir(exist_ok=True)
    link = FOLDER / "bin/hoplens"
    link.unlink(missing_ok=True)
    link.symlink_to(HOPLENS)
    file = work / "reef.prompt"
    shutil.copy(ROOT / "examples/reef.prompt", file)
    found = shots(file)
    problems = [problem for document in DOCUMENTS for problem in check(*document, found)]
    if os.environ.get("HOPLENS_UPDATE") == "1":
        draw()
    if problems:
        raise SystemExit("\n".join(problems))
    print(f"  {len(found)} screens match the documentation")


main()
