import type { ImageFormat, ToView } from "../src/views/messages";
import { button, make } from "./dom";
import { onThemeChange, palette } from "./palette";
import { base64, pngBase64, svgText } from "./picture";
import { listen, post } from "./vscode";

/** What a view shows and how it is drawn. */
export interface Content {
    /** What a person chooses. */
    toolbar: HTMLElement;
    body: HTMLElement;
    /** Draws again, in the page's present width and colours. */
    redraw: () => void;
    /** The picture to save. */
    svg: () => SVGSVGElement | undefined;
    title: string;
    data: unknown;
}

/** The frame of a view: what is going on, what is shown, and saving it. */
export class Shell {
    private readonly root = document.getElementById("root") ?? document.body;
    private readonly status = make("div", "status");
    private readonly main = make("div", "");
    private content: Content | undefined;

    constructor(private readonly show: (message: ToView) => Content | undefined) {
        this.status.setAttribute("role", "status");
        this.root.replaceChildren(this.status, this.main);
        listen((message) => {
            this.hear(message);
        });
        onThemeChange(() => this.content?.redraw());
        new ResizeObserver(() => this.content?.redraw()).observe(this.root);
    }

    /** Says something beside what is shown. */
    say(text: string, ...actions: HTMLElement[]): void {
        this.status.replaceChildren(text === "" ? "" : make("span", "", text), ...actions);
    }

    private hear(message: ToView): void {
        this.root.setAttribute("aria-busy", String(message.type === "busy"));
        this.root.classList.toggle("stale", message.type === "stale" || message.type === "failed");
        const again = (name: string): HTMLElement =>
            button(name, () => {
                post({ type: "again" });
            });
        switch (message.type) {
            case "busy":
                this.say(
                    message.what,
                    button("Cancel", () => {
                        post({ type: "cancel" });
                    }),
                );
                break;
            case "failed":
                this.say(message.message, again("Try Again"));
                break;
            case "stale":
                this.say(message.message, again("Measure Again"));
                break;
            case "notice":
                this.say(message.message);
                break;
            case "export":
                void this.save(message.format);
                break;
            case "heads":
            case "sweep":
                this.put(this.show(message));
        }
    }

    private put(content: Content | undefined): void {
        this.say("");
        if (content === undefined) {
            return;
        }
        this.content = content;
        const save = (["svg", "png", "json"] as const).map((format) =>
            button(
                format.toUpperCase(),
                () => {
                    void this.save(format);
                },
                "quiet",
            ),
        );
        const saving = make("span", "saving", "Save: ", ...save);
        saving.setAttribute("role", "group");
        saving.setAttribute("aria-label", "Save");
        content.toolbar.append(saving);
        this.main.replaceChildren(content.toolbar, content.body);
        content.redraw();
    }

    private async save(format: ImageFormat): Promise<void> {
        const { content } = this;
        if (content === undefined) {
            this.say("There is nothing to save yet.");
            return;
        }
        try {
            if (format === "json") {
                const text = `${JSON.stringify(content.data, undefined, 2)}\n`;
                post({ type: "save", format, base64: base64(text) });
                return;
            }
            const drawn = content.svg();
            if (drawn === undefined) {
                return;
            }
            const svg = svgText(drawn, content.title, palette());
            const bytes = format === "svg" ? base64(svg) : await pngBase64(svg);
            post({ type: "save", format, base64: bytes });
        } catch (error) {
            this.say(`The picture cannot be saved: ${String(error)}`);
        }
    }
}
