type Child = Node | string;

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** Creates an element with a class and children. Strings become text nodes, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    className: string,
    ...children: Child[]
): HTMLElementTagNameMap[K] {
    const created = document.createElement(tag);
    if (className !== "") {
        created.className = className;
    }
    created.append(...children);
    return created;
}

/** Creates an SVG element with attributes and children. Strings become text nodes, never markup. */
export function svgElement<K extends keyof SVGElementTagNameMap>(
    tag: K,
    attributes: Readonly<Record<string, string | number>> = {},
    ...children: Child[]
): SVGElementTagNameMap[K] {
    const created = document.createElementNS(SVG_NAMESPACE, tag);
    setAttributes(created, attributes);
    created.append(...children);
    return created;
}

export function setAttributes(
    target: Element,
    attributes: Readonly<Record<string, string | number>>,
): void {
    for (const [name, value] of Object.entries(attributes)) {
        target.setAttribute(name, String(value));
    }
}

/** Creates a push button. */
export function button(name: string, onPress: () => void, className = ""): HTMLButtonElement {
    const created = element("button", className, name);
    created.type = "button";
    created.addEventListener("click", onPress);
    return created;
}

/** Creates a drop-down list with a label before it. */
export function selectField<T extends string>(
    label: string,
    options: readonly { value: T; name: string }[],
    selected: T,
    onChange: (value: T) => void,
): HTMLLabelElement {
    const select = element("select", "");
    for (const { value, name } of options) {
        const option = element("option", "", name);
        option.value = value;
        option.selected = value === selected;
        select.append(option);
    }
    select.addEventListener("change", () => {
        onChange(select.value as T);
    });
    return element("label", "field", `${label} `, select);
}
