/** What keeps the open draft from being sent, by the step in which it is mended. */

import { useTranslation } from "react-i18next";
import type { Fault } from "../../../api/problem";
import type { Passage } from "../../../ui/fromServer";
import { faultPassages } from "../../../ui/slip";
import type { Counted } from "../audience/dryRun";
import { amiss } from "../audience/LinesLeftOut";
import type { Part } from "../DraftPage";
import { useDraft } from "../draft";
import { useHour } from "./hour";

export interface Lack {
    step: Part;
    /** What it is about, as a label. */
    field: string;
    passages: Passage[];
}

const HERE = ["schedule", "deadline", "tolerance", "expire_after", "tell", "urgent", "when_in_doubt"] as const;
const THERE = ["audience", "accept_partial"] as const;
const WORDS = ["title", "body", "image", "author", "banner", "buttons", "channel", "feed", "post_to"] as const;
const ALL = [...HERE, ...THERE, ...WORDS];

function stepOf(field: string): Part {
    if (HERE.some((it) => it === field)) return "send";
    return THERE.some((it) => it === field) ? "audience" : "words";
}

export function useLacking({ faults: ofAudience, ofHour, run }: Counted): Lack[] {
    const { t } = useTranslation();
    const { validation, manuscript } = useDraft();
    const hour = useHour();
    const told = validation?.faults ?? [];
    // What the counting found may be what the draft's own look found, too.
    const others = [...ofAudience, ...ofHour].filter((fault) => !told.some((it) => isSame(it, fault)));
    // An hour that this page knows to be none is told in the words that stand beside its fields.
    const isNoHour = manuscript.schedule != null && (!hour || hour.isPast);
    const found = [...told, ...others].filter(({ field }) => !(isNoHour && field === "schedule.at"));
    const lacks = found.map((fault): Lack => {
        const root = fault.field.split(/[.[]/)[0] ?? "";
        const field = ALL.find((it) => it === root);
        const label = field === "schedule" ? t("send.when.title") : field ? t(`compose.field.${field}`) : fault.field;
        const named = label.charAt(0).toLocaleUpperCase() + label.slice(1);
        return { step: stepOf(root), field: named, passages: faultPassages(fault, named) };
    });
    if (isNoHour) {
        const text = hour ? t("send.when.past", { hour: hour.sentence }) : t("send.when.missing");
        lacks.push({ step: "send", field: t("send.when.title"), passages: [{ text }] });
    }
    const lines = Object.values(run?.lists ?? {}).concat(run ? [run.list] : []);
    if (!manuscript.accept_partial && lines.some((it) => amiss(it) > 0)) {
        lacks.push({
            step: "audience",
            field: t("send.lacking.lists"),
            passages: [{ text: t("send.lacking.partial") }],
        });
    }
    return lacks;
}

const isSame = (one: Fault, other: Fault) => one.field === other.field && one.problem === other.problem;
