import { describe, expect, it } from "vitest";
import { city, instantOf, soon, wallOf, zones } from "./zone";

const iso = (at: string, zone: string) => instantOf(at, zone)?.toISOString();

describe("the instant of an hour", () => {
    it("follows the zone and its summer", () => {
        expect(iso("2026-12-01T09:00", "Europe/Berlin")).toBe("2026-12-01T08:00:00.000Z");
        expect(iso("2026-07-01T09:00", "Europe/Berlin")).toBe("2026-07-01T07:00:00.000Z");
        expect(iso("2026-07-01T09:00", "Asia/Kolkata")).toBe("2026-07-01T03:30:00.000Z");
        expect(iso("2026-07-01T00:00", "Pacific/Kiritimati")).toBe("2026-06-30T10:00:00.000Z");
        expect(iso("2026-07-01T09:00", "UTC")).toBe("2026-07-01T09:00:00.000Z");
    });

    it("is the earlier of two, and the one after where there is none", () => {
        expect(iso("2026-10-25T02:30", "Europe/Berlin")).toBe("2026-10-25T00:30:00.000Z");
        expect(iso("2026-03-29T02:30", "Europe/Berlin")).toBe("2026-03-29T01:30:00.000Z");
    });

    it("is nothing of what is none", () => {
        for (const at of ["", "T09:00", "2026-12-01T", "2026-13-01T09:00"])
            expect(instantOf(at, "UTC")).toBeUndefined();
        expect(instantOf("2026-12-01T09:00", "Mars/Base")).toBeUndefined();
    });
});

it("proposes a full hour that is not too near", () => {
    expect(soon(new Date("2026-11-27T09:20:00Z"), "Europe/Berlin")).toBe("2026-11-27T12:00");
    expect(soon(new Date("2026-11-27T09:00:00Z"), "UTC")).toBe("2026-11-27T10:00");
});

it("shows an instant as clocks do", () => {
    expect(wallOf(new Date("2026-12-31T23:30:00Z"), "Europe/Berlin")).toBe("2027-01-01T00:30");
});

it("knows zones by their city", () => {
    expect(city("America/Argentina/Buenos_Aires")).toBe("Buenos Aires");
    expect(city("UTC")).toBe("UTC");
    expect(zones()).toContain("UTC");
});
