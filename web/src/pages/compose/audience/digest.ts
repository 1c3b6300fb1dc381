/** A short name for a long text. Two that differ have, for all that matters here, different ones. */
export function digest(text: string): string {
    let [high, low] = [0xdeadbeef, 0x41c6ce57];
    for (let at = 0; at < text.length; at += 1) {
        const letter = text.charCodeAt(at);
        high = Math.imul(high ^ letter, 2654435761);
        low = Math.imul(low ^ letter, 1597334677);
    }
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return `${text.length}.${(high >>> 0).toString(36)}.${(low >>> 0).toString(36)}`;
}
