import { expect, it, vi } from "vitest";
import { format } from "../../ui/format";
import { here } from "../compose/send/zone";
import { meant } from "./hour";

vi.stubGlobal("navigator", { languages: ["en"] });

const at = (time_zone: string) => ({ start_at: "2026-12-01T08:00:00Z", time_zone }) as Parameters<typeof meant>[0];
const ours = format.time("2026-12-01T08:00:00Z");

it("tells an hour in its author's zone, and what that is here", () => {
    const zone = "Pacific/Kiritimati";
    expect(meant(at(zone))).toEqual({ time: format.time("2026-12-01T08:00:00Z", zone), zone, ours });
    expect(meant(at(here()))).toEqual({ time: ours, zone: here() });
});

it("never tells our own time as that of a zone that this browser does not know", () => {
    expect(meant(at("Mars/Olympus"))).toEqual({ time: ours, zone: here() });
});
