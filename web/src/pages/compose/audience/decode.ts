/** A file as text, written as the server understood it: a draft keeps lists as text. */

export function decode(bytes: Uint8Array, encoding: string): string {
    if (encoding === "UTF-16") {
        // Marked so, or, without a mark, by the zero that an ASCII letter begins with there.
        const isBig = (bytes[0] === 0xfe && bytes[1] === 0xff) || bytes[0] === 0;
        return new TextDecoder(isBig ? "utf-16be" : "utf-16le").decode(bytes);
    }
    return new TextDecoder(encoding === "Windows-1252" ? "windows-1252" : "utf-8").decode(bytes);
}
