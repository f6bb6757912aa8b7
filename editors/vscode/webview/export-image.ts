import { setAttributes, svgElement } from "./dom";
import type { Palette } from "./palette";

/** Pixels of the PNG for each pixel of the SVG. */
const PNG_SCALE = 2;
const MARGIN = 12;
const TITLE_HEIGHT = 18;

/** Attributes that only the interactive map needs. */
const INTERACTIVE = ["tabindex", "role", "aria-selected", "aria-label", "class", "pointer-events"];

/** Serialises a map as an SVG document with a title and a background of its own. */
export function standaloneSvg(svg: SVGSVGElement, title: string, palette: Palette): string {
    const copy = svg.cloneNode(true) as SVGSVGElement;
    const width = svg.width.baseVal.value + 2 * MARGIN;
    const height = svg.height.baseVal.value + 2 * MARGIN + TITLE_HEIGHT;
    const map = svgElement("g", { transform: `translate(${MARGIN}, ${MARGIN + TITLE_HEIGHT})` });
    map.append(...copy.childNodes);
    const background = { width: "100%", height: "100%", fill: palette.background };
    const heading = { x: MARGIN, y: MARGIN + 8, "font-size": 13, fill: palette.foreground };
    copy.replaceChildren(
        svgElement("rect", background),
        svgElement("text", heading, title),
        map,
    );
    for (const child of copy.querySelectorAll("*")) {
        for (const name of INTERACTIVE) {
            child.removeAttribute(name);
        }
    }
    setAttributes(copy, { role: "img", width, height, viewBox: `0 0 ${width} ${height}` });
    return new XMLSerializer().serializeToString(copy);
}

/** Encodes a text as UTF-8 in base 64. */
export function base64(text: string): string {
    let bytes = "";
    for (const byte of new TextEncoder().encode(text)) {
        bytes += String.fromCharCode(byte);
    }
    return btoa(bytes);
}

/** Renders an SVG document as PNG in base 64. */
export async function pngBase64(svg: string): Promise<string> {
    const image = new Image();
    image.src = `data:image/svg+xml;base64,${base64(svg)}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * PNG_SCALE;
    canvas.height = image.naturalHeight * PNG_SCALE;
    const context = canvas.getContext("2d");
    if (context === null) {
        throw new Error("this window has no canvas");
    }
    context.scale(PNG_SCALE, PNG_SCALE);
    context.drawImage(image, 0, 0);
    return canvas.toDataURL("image/png").replace(/^data:image\/png;base64,/, "");
}
