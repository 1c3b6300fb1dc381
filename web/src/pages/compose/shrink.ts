/**
 * A large picture, made smaller before it is sent: the server makes it no wider than 1,024 pixels anyway, and takes no more
 * than half a minute for it to arrive.
 */

/** Smaller ones go as they are, in bytes. */
const LARGE = 1024 * 1024;
/** Larger ones are not opened here, in bytes. */
const HUGE = 120 * 1024 * 1024;

/** So wide it is sent, in pixels: photographs with more, of which the server makes the better small one. */
const WIDTHS: Record<string, number> = { "image/png": 1024, "image/jpeg": 2048 };

/** `file` itself where it is small, is of another kind, or cannot be opened here: the server says what is wrong with it. */
export async function shrink(file: File): Promise<File> {
    const width = WIDTHS[file.type];
    if (!width || file.size <= LARGE || file.size > HUGE) return file;
    try {
        const opened = await createImageBitmap(file);
        const share = Math.min(1, width / opened.width);
        const canvas = document.createElement("canvas");
        canvas.width = Math.round(opened.width * share);
        canvas.height = Math.max(1, Math.round(opened.height * share));
        const context = canvas.getContext("2d");
        if (!context) return file;
        context.imageSmoothingQuality = "high";
        context.drawImage(opened, 0, 0, canvas.width, canvas.height);
        opened.close();
        const small = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, file.type, 0.92));
        return small && small.size < file.size ? new File([small], file.name, { type: small.type }) : file;
    } catch {
        return file;
    }
}
