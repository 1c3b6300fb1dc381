/** Durations as drafts write them, such as `90m` or `3d`. */

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** In seconds; nothing when it is written otherwise. */
export function secondsOf(text: string): number | undefined {
    const [, number, unit] = /^(\d+)([smhd])$/.exec(text.trim()) ?? [];
    return number && unit ? Number(number) * (UNITS[unit] ?? 0) : undefined;
}

/** “3 days”, “12 hours”, “15 minutes”; as it is written where it cannot be read. */
export function inWords(text: string, language: string): string {
    const seconds = secondsOf(text);
    if (!seconds) return text;
    const units = [
        ["day", 86_400],
        ["hour", 3_600],
        ["minute", 60],
        ["second", 1],
    ] as const;
    for (const [unit, length] of units) {
        // 36 hours are not a day and a half.
        if (seconds % length === 0)
            return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(
                seconds / length,
            );
    }
    return text;
}
