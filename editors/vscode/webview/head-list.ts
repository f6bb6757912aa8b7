import { button, element } from "./dom";
import { formatNumber, formatPercent, formatSigned } from "./format";
import type { Head, HeadsData } from "./heads-data";
import { tokenText } from "./token-chips";

interface Column {
    title: string;
    sortKey: (head: Head) => number;
    format?: (head: Head) => string;
}

const COLUMNS: readonly Column[] = [
    { title: "Head", sortKey: ({ layer, head }) => layer + head / 1e6 },
    {
        title: "Direct logit",
        sortKey: ({ directLogit }) => Math.abs(directLogit ?? 0),
        format: ({ directLogit }) => formatSigned(directLogit),
    },
    {
        title: "Δ log p without it",
        sortKey: ({ ablationDlogp }) => (ablationDlogp === null ? -1 : Math.abs(ablationDlogp)),
        format: ({ ablationDlogp }) => formatSigned(ablationDlogp),
    },
    {
        title: "Norm",
        sortKey: ({ norm }) => norm ?? -1,
        format: ({ norm }) => formatNumber(norm),
    },
];
const COLLAPSED_ROWS = 12;
const WORDS = 4;

/** A sortable table of heads, collapsed to the first rows until the reader asks for all. */
export class HeadList {
    private sortColumn = 1;
    private isDescending = true;
    private isExpanded = false;
    private selected: Head | undefined;

    constructor(
        private readonly table: HTMLTableElement,
        private readonly expandButton: HTMLButtonElement,
        private readonly data: HeadsData,
        private readonly onSelect: (head: Head) => void,
    ) {
        expandButton.addEventListener("click", () => {
            this.isExpanded = !this.isExpanded;
            this.draw();
        });
    }

    select(head: Head): void {
        this.selected = head;
        this.draw();
    }

    private draw(): void {
        const { heads } = this.data;
        const sortKey = COLUMNS[this.sortColumn]?.sortKey ?? (() => 0);
        const order = this.isDescending ? -1 : 1;
        const sorted = [...heads].sort((one, other) => order * (sortKey(one) - sortKey(other)));
        const shown = this.isExpanded ? sorted : sorted.slice(0, COLLAPSED_ROWS);
        const focused = this.focusedControl();
        const otherTitles = ["Looks most at", "Retrieves"].map((title) => element("th", "", title));
        const titles = COLUMNS.map(({ title }, index) => this.columnTitle(title, index));
        this.table.replaceChildren(
            element("thead", "", element("tr", "", ...titles, ...otherTitles)),
            element("tbody", "", ...shown.map((head) => this.row(head))),
        );
        // The buttons are new elements; the keyboard focus moves to the one that takes its place.
        if (focused !== undefined) {
            this.table.querySelector<HTMLElement>(`[data-control="${focused}"]`)?.focus();
        }
        this.expandButton.hidden = heads.length <= COLLAPSED_ROWS;
        this.expandButton.textContent = this.isExpanded
            ? `Show only ${COLLAPSED_ROWS}`
            : `Show all ${heads.length}`;
    }

    private focusedControl(): string | undefined {
        const { activeElement } = document;
        const isInside = activeElement instanceof HTMLElement && this.table.contains(activeElement);
        return isInside ? activeElement.dataset["control"] : undefined;
    }

    private columnTitle(title: string, index: number): HTMLTableCellElement {
        const isSorted = index === this.sortColumn;
        const sort = button(
            title,
            () => {
                // Heads start at the first, sizes at the largest; a second click reverses the order.
                this.isDescending = isSorted ? !this.isDescending : index !== 0;
                this.sortColumn = index;
                this.draw();
            },
            "plain",
        );
        const arrow = this.isDescending ? " ↓" : " ↑";
        sort.append(element("span", "arrow", isSorted ? arrow : ""));
        sort.dataset["control"] = `sort ${index}`;
        const cell = element("th", index === 0 ? "" : "figure", sort);
        cell.scope = "col";
        cell.ariaSort = isSorted ? (this.isDescending ? "descending" : "ascending") : "none";
        return cell;
    }

    private row(head: Head): HTMLTableRowElement {
        const open = button(
            `${head.layer}.${head.head}`,
            () => {
                this.onSelect(head);
            },
            "plain",
        );
        open.dataset["control"] = `head ${head.layer}.${head.head}`;
        open.ariaLabel = `layer ${head.layer} head ${head.head}`;
        const figures = COLUMNS.flatMap(({ format }) =>
            format === undefined ? [] : [element("td", "figure", format(head))],
        );
        const words = head.top
            .slice(0, WORDS)
            .map(({ token }) => element("span", "chip", tokenText(token)));
        return element(
            "tr",
            head === this.selected ? "selected" : "",
            element("td", "", open),
            ...figures,
            element("td", "", ...this.mostAttended(head)),
            element("td", "retrieved", ...words),
        );
    }

    private mostAttended({ attention }: Head): HTMLElement[] {
        if (attention.length === 0) {
            return [];
        }
        const share = Math.max(...attention);
        const token = this.data.tokens[attention.indexOf(share)]?.text ?? "";
        return [
            element("span", "chip", tokenText(token)),
            element("span", "note", ` ${formatPercent(share)}`),
        ];
    }
}
