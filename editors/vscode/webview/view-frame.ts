import type { ImageFormat, ToWebview } from "../src/views/messages";
import { button, element } from "./dom";
import { base64, pngBase64, standaloneSvg } from "./export-image";
import { listen, post } from "./messaging";
import { onThemeChange, themePalette } from "./vscode-theme";

/** What a view shows. */
export interface ViewContent {
    toolbar: HTMLElement;
    body: HTMLElement;
    /** Draws again at the current width and in the current colours. */
    redraw: () => void;
    /** The picture that is saved as SVG or PNG; a view without pictures has no buttons to save. */
    svg?: () => SVGSVGElement | undefined;
    title: string;
    /** The document that is saved as JSON. */
    data: unknown;
}

/** The frame around a view: status messages, the toolbar, and saving. */
export class ViewFrame {
    private readonly root = document.getElementById("root") ?? document.body;
    private readonly status = element("div", "status");
    private readonly main = element("div", "");
    private content: ViewContent | undefined;

    constructor(private readonly render: (message: ToWebview) => ViewContent | undefined) {
        this.status.setAttribute("role", "status");
        this.root.replaceChildren(this.status, this.main);
        listen((message) => {
            this.onMessage(message);
        });
        onThemeChange(() => this.content?.redraw());
        new ResizeObserver(() => this.content?.redraw()).observe(this.root);
    }

    /** Shows a message above the content; an empty text removes it. */
    showStatus(text: string, ...actions: HTMLElement[]): void {
        this.status.replaceChildren(text === "" ? "" : element("span", "", text), ...actions);
    }

    private onMessage(message: ToWebview): void {
        if (message.type === "cursor") {
            this.render(message);
            return;
        }
        this.root.setAttribute("aria-busy", String(message.type === "busy"));
        this.root.classList.toggle("stale", message.type === "stale" || message.type === "failed");
        const refreshButton = (name: string): HTMLElement =>
            button(name, () => {
                post({ type: "refresh" });
            });
        switch (message.type) {
            case "busy":
                this.showStatus(
                    message.message,
                    button("Cancel", () => {
                        post({ type: "cancel" });
                    }),
                );
                break;
            case "failed":
                this.showStatus(message.message, refreshButton("Try Again"));
                break;
            case "stale":
                this.showStatus(message.message, refreshButton("Measure Again"));
                break;
            case "notice":
                this.showStatus(message.message);
                break;
            case "export":
                void this.save(message.format);
                break;
            case "heads":
            case "sweep":
            case "preview":
                this.showContent(this.render(message));
        }
    }

    private showContent(content: ViewContent | undefined): void {
        this.showStatus("");
        if (content === undefined) {
            return;
        }
        const isShown =
            this.content?.body === content.body && this.content.toolbar === content.toolbar;
        this.content = content;
        if (!isShown) {
            this.addSaveButtons(content);
            this.main.replaceChildren(content.toolbar, content.body);
        }
        content.redraw();
    }

    private addSaveButtons(content: ViewContent): void {
        if (content.svg === undefined) {
            return;
        }
        const buttons = (["svg", "png", "json"] as const).map((format) =>
            button(
                format.toUpperCase(),
                () => {
                    void this.save(format);
                },
                "secondary",
            ),
        );
        const saveGroup = element("span", "save-group", "Save: ", ...buttons);
        saveGroup.setAttribute("role", "group");
        saveGroup.setAttribute("aria-label", "Save");
        content.toolbar.append(saveGroup);
    }

    private async save(format: ImageFormat): Promise<void> {
        const { content } = this;
        if (content === undefined) {
            this.showStatus("There is nothing to save yet.");
            return;
        }
        try {
            if (format === "json") {
                const text = `${JSON.stringify(content.data, undefined, 2)}\n`;
                post({ type: "save", format, base64: base64(text) });
                return;
            }
            const drawn = content.svg?.();
            if (drawn === undefined) {
                return;
            }
            const svg = standaloneSvg(drawn, content.title, themePalette());
            const bytes = format === "svg" ? base64(svg) : await pngBase64(svg);
            post({ type: "save", format, base64: bytes });
        } catch (error) {
            this.showStatus(`The picture could not be saved: ${String(error)}`);
        }
    }
}
