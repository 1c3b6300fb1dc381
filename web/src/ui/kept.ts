/** Choices kept on this machine. Within a frame a browser may forbid that: then they last as long as the page. */

export function keptChoice(name: string): string | null {
    try {
        return localStorage.getItem(name);
    } catch {
        return null;
    }
}

/** `undefined` forgets it. */
export function keepChoice(name: string, value: string | undefined) {
    try {
        if (value === undefined) localStorage.removeItem(name);
        else localStorage.setItem(name, value);
    } catch {
        // It counts all the same, until the page is left.
    }
}
