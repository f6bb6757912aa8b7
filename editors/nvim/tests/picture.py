"""Draws a terminal's screen, as tmux captures it with colours, as an SVG picture."""

import re
from html import escape

WIDTH, HEIGHT, MARGIN = 8.4, 18, 10
INK, PAPER = "#e0e2ea", "#14161b"
BASIC = (
    "#07080d #ffc0b9 #b3f6c0 #fce094 #a6dbff #ffcaff #8cf8f7 #eef1f8"
    " #4f5258 #ffc0b9 #b3f6c0 #fce094 #a6dbff #ffcaff #8cf8f7 #eef1f8"
).split()


def indexed(number: int) -> str:
    """Returns one of the 256 colours of terminals."""
    if number < 16:
        return BASIC[number]
    if number < 232:
        steps = [0, 95, 135, 175, 215, 255]
        number -= 16
        parts = [steps[number // 36], steps[number // 6 % 6], steps[number % 6]]
        return "#{:02x}{:02x}{:02x}".format(*parts)
    grey = 8 + 10 * (number - 232)
    return f"#{grey:02x}{grey:02x}{grey:02x}"


def styled(codes: list[int], style: dict) -> dict:
    """Returns the style after an escape sequence."""
    style = dict(style)
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in (1, 4, 7):
            style[code] = True
        elif code in (22, 24, 27):
            style.pop({22: 1, 24: 4, 27: 7}[code], None)
        elif code in (38, 48):
            kind = codes.pop(0)
            if kind == 5:
                style[code] = indexed(codes.pop(0))
            else:
                style[code] = "#{:02x}{:02x}{:02x}".format(*codes[:3])
                del codes[:3]
        elif code in (39, 49):
            style.pop(code - 1, None)
        elif 30 <= code < 38 or 90 <= code < 98:
            style[38] = BASIC[code % 10 + (8 if code >= 90 else 0)]
        elif 40 <= code < 48 or 100 <= code < 108:
            style[48] = BASIC[code % 10 + (8 if code >= 100 else 0)]
    return style


def escape_spaces(text: str) -> str:
    """Escapes a text and keeps its spaces, which SVG would collapse."""
    return escape(text).replace(" ", "\u00a0")


def svg(screen: str, title: str) -> str:
    """Returns the picture of a screen."""
    rows = screen.rstrip("\n").split("\n")
    shapes, texts, style, widest = [], [], {}, 0
    for row, line in enumerate(rows):
        column, top = 0, MARGIN + row * HEIGHT
        for piece in re.split(r"(\x1b\[[0-9;:]*m|\x1b\(B|\x0f)", line):
            found = re.fullmatch(r"\x1b\[([0-9;:]*)m", piece)
            if found:
                # `4:3` and the like are kinds of underlines, which are all drawn the same.
                codes = [code.split(":")[0] for code in found[1].split(";")]
                style = styled([int(code or 0) for code in codes], style)
            elif piece and not piece.startswith(("\x1b", "\x0f")):
                ink, paper = style.get(38, INK), style.get(48, PAPER)
                if style.get(7):
                    ink, paper = paper, ink
                left, width = MARGIN + column * WIDTH, len(piece) * WIDTH
                if paper != PAPER:
                    box = f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}"'
                    shapes.append(f'{box} fill="{paper}"/>')
                if piece.strip():
                    extra = ' font-weight="bold"' if style.get(1) else ""
                    extra += ' text-decoration="underline"' if style.get(4) else ""
                    # `textLength` keeps the columns in any font.
                    texts.append(
                        f'<text x="{left:.1f}" y="{top + 14}" textLength="{width:.1f}"'
                        f' lengthAdjust="spacingAndGlyphs" fill="{ink}"{extra}>{escape_spaces(piece)}</text>'
                    )
                column += len(piece)
        widest = max(widest, column)
    width, height = 2 * MARGIN + widest * WIDTH, 2 * MARGIN + len(rows) * HEIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}"'
        ' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">'
        f"\n<title>{escape(title)}</title>\n"
        f'<rect width="100%" height="100%" rx="6" fill="{PAPER}"/>\n'
        + "\n".join(shapes + texts)
        + "\n</svg>\n"
    )
