import type { Palette } from "./palette";

/** Pixels of a PNG for each of the picture's own. */
const SCALE = 2;
const MARGIN = 12;

/** A map as a picture that stands alone: title, background, and nothing of the page. */
export function svgText(svg: SVGSVGElement, title: string, colours: Palette): string {
    const copy = svg.cloneNode(true) as SVGSVGElement;
    const width = svg.width.baseVal.value + 2 * MARGIN;
    const height = svg.height.baseVal.value + 2 * MARGIN + 18;
    const space = "http://www.w3.org/2000/svg";
    const group = document.createElementNS(space, "g");
    group.setAttribute("transform", `translate(${MARGIN}, ${MARGIN + 18})`);
    group.append(...copy.childNodes);
    const back = document.createElementNS(space, "rect");
    back.setAttribute("width", "100%");
    back.setAttribute("height", "100%");
    back.setAttribute("fill", colours.background);
    const heading = document.createElementNS(space, "text");
    heading.setAttribute("x", String(MARGIN));
    heading.setAttribute("y", String(MARGIN + 8));
    heading.setAttribute("font-size", "13");
    heading.setAttribute("fill", colours.foreground);
    heading.textContent = title;
    copy.replaceChildren(back, heading, group);
    for (const element of copy.querySelectorAll("[tabindex], [role]")) {
        for (const name of ["tabindex", "role", "aria-selected", "aria-label", "class"]) {
            element.removeAttribute(name);
        }
    }
    copy.setAttribute("xmlns", space);
    copy.setAttribute("role", "img");
    copy.setAttribute("width", String(width));
    copy.setAttribute("height", String(height));
    copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
    return new XMLSerializer().serializeToString(copy);
}

/** The bytes of a text, in base 64. */
export function base64(text: string): string {
    let bytes = "";
    for (const byte of new TextEncoder().encode(text)) {
        bytes += String.fromCharCode(byte);
    }
    return btoa(bytes);
}

/** A picture as PNG, in base 64. */
export async function pngBase64(svg: string): Promise<string> {
    const image = new Image();
    image.src = `data:image/svg+xml;base64,${base64(svg)}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * SCALE;
    canvas.height = image.naturalHeight * SCALE;
    const context = canvas.getContext("2d");
    if (context === null) {
        throw new Error("this window draws no pictures");
    }
    context.scale(SCALE, SCALE);
    context.drawImage(image, 0, 0);
    return canvas.toDataURL("image/png").replace(/^data:image\/png;base64,/, "");
}
