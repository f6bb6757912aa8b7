type Child = Node | string;

/** An element with a class and children; texts stay texts. */
export function make<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    className: string,
    ...children: Child[]
): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    if (className !== "") {
        element.className = className;
    }
    element.append(...children);
    return element;
}

/** A button with a name. */
export function button(name: string, press: () => void, className = ""): HTMLButtonElement {
    const element = make("button", className, name);
    element.type = "button";
    element.addEventListener("click", press);
    return element;
}

/** A list to choose from, with its label. */
export function choice<T extends string>(
    label: string,
    options: readonly { value: T; name: string }[],
    selected: T,
    change: (value: T) => void,
): HTMLLabelElement {
    const select = make("select", "");
    for (const { value, name } of options) {
        const option = make("option", "", name);
        option.value = value;
        option.selected = value === selected;
        select.append(option);
    }
    select.addEventListener("change", () => {
        change(select.value as T);
    });
    return make("label", "choice", `${label} `, select);
}
