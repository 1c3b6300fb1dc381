/**
 * The focus is never lost. When what has it goes away, because it was pressed, or by itself, a browser drops the focus to the
 * top of the document, and whoever works by the keyboard begins anew. Here it goes on beside where it was: to what took the
 * place of what went away, else to what stood before it; from a dialog, back to what opened it.
 */

const TABBABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

/** `layer`: the page, or what lies above it, such as a dialog or a menu. */
type Place = { element: HTMLElement; layer: HTMLElement; around: HTMLElement[]; before: HTMLElement[] };

/** One in each layer, the last one last. */
let places: Place[] = [];

/** Whether it is there, and can be focused. */
const isThere = (element: HTMLElement) =>
    element.isConnected && !element.matches(":disabled") && element.checkVisibility();

const isStop = (element: HTMLElement) =>
    element.tabIndex >= 0 && isThere(element) && element.closest("[data-tabster-dummy]") === null;

const stops = (within: ParentNode) => [...within.querySelectorAll<HTMLElement>(TABBABLE)].filter(isStop);

const isLost = () => document.activeElement === null || document.activeElement === document.body;

function remember(element: HTMLElement) {
    const layer = element.closest<HTMLElement>("main, body > *");
    if (!layer || isBelow(layer)) return;
    const around: HTMLElement[] = [];
    for (
        let it = element.parentElement;
        it && it !== layer.parentElement && it.matches(":not(main)");
        it = it.parentElement
    )
        around.push(it);
    const before = stops(layer).filter((stop) => follows(element, stop));
    places = places.filter((place) => place.layer !== layer && place.layer.isConnected);
    places.push({ element, layer, around, before });
}

/** Whoever gets there while a dialog is open is led back into it at once. */
const isBelow = (layer: HTMLElement) => {
    const dialog = document.querySelector('[aria-modal="true"]');
    return dialog !== null && !layer.contains(dialog) && layer.closest("#root") !== null;
};

const follows = (later: Node, earlier: Node) =>
    (earlier.compareDocumentPosition(later) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;

/** What stands where it was: the first after those that stood before it, or the last of these. */
function beside({ around, before }: Place): HTMLElement | undefined {
    for (const part of around) {
        const left = part.isConnected ? stops(part) : [];
        const at = left.findLastIndex((stop) => before.includes(stop));
        if (left.length > 0) return left[at + 1] ?? left[at];
    }
    return undefined;
}

function find() {
    const last = places.at(-1);
    if (!isLost() || !last || isThere(last.element)) return;
    for (const place of places.toReversed().filter(({ layer }) => layer.isConnected)) {
        const next = isThere(place.element) ? place.element : (beside(place) ?? top(place.layer));
        next?.focus();
        if (!isLost()) return;
    }
}

/** Nothing is left of what was around it: it is another page now. */
const top = (layer: HTMLElement) => layer.querySelector<HTMLElement>("h1[tabindex]") ?? layer;

/** Begins to watch over it. */
export function keepFocus() {
    document.addEventListener("focusin", ({ target }) => {
        // A moment later: what only passes by is not where somebody was.
        queueMicrotask(() => {
            if (document.activeElement !== target || !(target instanceof HTMLElement)) return;
            if (target.closest("[data-tabster-dummy]") === null) remember(target);
        });
    });
    document.addEventListener("focusout", ({ target, relatedTarget }) => {
        if (relatedTarget !== null) return;
        queueMicrotask(() => {
            // A click beside everything: whoever leaves on purpose is not led back.
            if (isLost() && target instanceof HTMLElement && isThere(target)) places = [];
        });
    });
    // After everybody else who watches has heard of it: a dialog that went away holds the focus no more.
    new MutationObserver(() => isLost() && queueMicrotask(find)).observe(document.body, {
        childList: true,
        subtree: true,
    });
}
