import { expect, it } from "vitest";
import { inWords, secondsOf } from "./duration";

it("reads what drafts write", () => {
    expect(secondsOf("72h")).toBe(259_200);
    expect(secondsOf(" 3d ")).toBe(259_200);
    for (const text of ["", "soon", "12", "3w", "h", "1h30m"]) expect(secondsOf(text)).toBeUndefined();
});

it("says them by the largest unit that fits", () => {
    expect(inWords("72h", "en")).toBe("3 days");
    expect(inWords("36h", "en")).toBe("36 hours");
    expect(inWords("15m", "fr")).toBe("15 minutes");
    expect(inWords("soon", "en")).toBe("soon");
});
