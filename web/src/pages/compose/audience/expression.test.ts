import { describe, expect, it } from "vitest";
import { type Chip, type Chips, freeName, read, write, writeChip } from "./expression";

const group = (name: string): Chip => ({ kind: "group", name });
const round = (chips: Chips) => read(write(chips));

describe("what chips say in words", () => {
    it("adds, then takes away", () => {
        const chips: Chips = {
            include: [{ kind: "attribute", attribute: "country", test: "is", value: "France" }, group("Milan")],
            except: [group("Contractors"), { kind: "list", name: "managers" }],
        };
        expect(write(chips)).toBe(
            'country = "France" or group "Milan" except group "Contractors" except list "managers"',
        );
        expect(round(chips)).toEqual(chips);
    });

    it("comes back whatever the chip and its name are", () => {
        const names = [
            'R&D "core"',
            "back\\slash",
            "end\\",
            "l’équipe",
            'ends in quote"',
            "Ünïcødé 🚀",
            "or",
            "a, (b)",
            "“curved”",
            "it's",
        ];
        const chips: Chip[] = [
            { kind: "everyone" },
            ...names.map(group),
            { kind: "team", name: "Milan" },
            { kind: "person", name: "anna@contoso.example" },
            { kind: "saved", name: "south" },
            { kind: "attribute", attribute: "job_title", test: "contains", value: "engineer" },
            { kind: "attribute", attribute: "office", test: "starts", value: "Lyon" },
            { kind: "attribute", attribute: "department", test: "is", value: "" },
            { kind: "flag", flag: "guest" },
            { kind: "broadcast", id: "06b3n9k1c2d4e" },
            { kind: "broadcast", id: "06b3n9k1c2d4e", standing: "failed", because: "blocked_by_user" },
        ];
        for (const chip of chips)
            expect(round({ include: [chip], except: [chip] })).toEqual({ include: [chip], except: [chip] });
        expect(round({ include: chips, except: chips })).toEqual({ include: chips, except: chips });
    });

    it("keeps a name on one line", () => {
        expect(writeChip(group("two\nlines"))).toBe('group "two lines"');
    });

    it("never means everybody where only exceptions are chosen", () => {
        const chips = { include: [], except: [group("Board"), group("Pilot")] };
        expect(write(chips)).toBe('except group "Board" except group "Pilot"');
        expect(round(chips)).toEqual(chips);
        expect(write({ include: [], except: [] })).toBe("");
    });
});

describe("what words say in chips", () => {
    it("takes any spelling of the same", () => {
        expect(read("EVERYONE Except (guest OR disabled)")).toEqual({
            include: [{ kind: "everyone" }],
            except: [
                { kind: "flag", flag: "guest" },
                { kind: "flag", flag: "disabled" },
            ],
        });
        expect(read("group 'It\\'s us'\n or team „Milan“")).toEqual({
            include: [group("It's us"), { kind: "team", name: "Milan" }],
            except: [],
        });
        expect(read('(country in ("France", "Italy"))')).toEqual(read('country = "France" or country = "Italy"'));
    });

    it("shows the same once", () => {
        expect(read('group "A" or group "a"')?.include).toHaveLength(1);
    });

    it.each([
        'country = "France" except group "Contractors" or team "Milan"',
        'department = "Sales" and country = "France"',
        'country != "France"',
        'everyone except (group "Board" except person "a@b.example")',
        'group "open',
        "group Milan",
        'country = "France" or',
        "everyone everyone",
        "everyone except",
        "nonsense",
        'group "A" + group "B"',
    ])("leaves %s to words", (text) => {
        expect(read(text)).toBeUndefined();
    });
});

it("gives every list a name of its own", () => {
    expect(freeName("managers.csv", {})).toBe("managers.csv");
    expect(freeName("Managers", { managers: "", "Managers 2": "" })).toBe("Managers 3");
    expect(freeName(" \n ", {})).toBe("list");
});
