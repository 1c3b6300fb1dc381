/** Now, or at an hour in a zone; and what that hour is, in words. */

import { Body1, Caption1, Field, Input, makeStyles, Radio, RadioGroup, tokens } from "@fluentui/react-components";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Fault } from "../../../api/problem";
import type { Manuscript } from "../../../api/types";
import type { Passage } from "../../../ui/fromServer";
import { Passages } from "../../../ui/Passages";
import { faultPassages } from "../../../ui/slip";
import { useDraft } from "../draft";
import { useHour } from "./hour";
import { Section } from "./Section";
import { ZonePicker } from "./ZonePicker";
import { here, soon } from "./zone";

const useStyles = makeStyles({
    hour: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM, alignItems: "flex-start" },
    zone: { minWidth: "240px" },
    words: { display: "flex", flexDirection: "column" },
    quiet: { color: tokens.colorNeutralForeground2 },
    wrong: { color: tokens.colorPaletteRedForeground1 },
});

type Schedule = NonNullable<Manuscript["schedule"]>;

/** `ofHour`: what the server finds wrong with the hour, beyond what it says of every draft. */
export function When({ ofHour }: { ofHour: Fault[] }) {
    const { t } = useTranslation();
    const { manuscript, change, isReadOnly } = useDraft();
    const { schedule } = manuscript;
    const choose = (value: string) => {
        const zone = here();
        change({
            schedule: value === "later" ? { at: soon(new Date(), zone), time_zone: zone, prepare: null } : null,
        });
    };
    return (
        <Section title={t("send.when.title")}>
            <RadioGroup
                aria-label={t("send.when.title")}
                value={schedule ? "later" : "now"}
                onChange={(_, { value }) => choose(value)}
                disabled={isReadOnly}
            >
                <Radio value="now" label={t("send.when.now")} />
                <Radio value="later" label={t("send.when.later")} />
            </RadioGroup>
            {schedule && <Later schedule={schedule} ofHour={ofHour} />}
        </Section>
    );
}

function Later({ schedule, ofHour }: { schedule: Schedule; ofHour: Fault[] }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { change, faults, isReadOnly } = useDraft();
    const hour = useHour();
    const zone = schedule.time_zone ?? here();
    const [day = "", clock = ""] = schedule.at.split("T");
    const set = (patch: Partial<Schedule>) => change({ schedule: { ...schedule, time_zone: zone, ...patch } });
    // How long ahead it is prepared is told beside its own field.
    const found = [...faults("schedule"), ...ofHour].filter(({ field }) => field !== "schedule.prepare");
    const wrong: Passage[][] = !hour
        ? [[{ text: t("send.when.missing") }]]
        : hour.isPast
          ? [[{ text: t("send.when.past", { hour: hour.sentence }) }]]
          : found.map((fault) => faultPassages(fault, t("send.when.title")));
    const wordsId = useId();
    // The sentence below is of the day and the time together.
    const told = { "aria-invalid": wrong.length > 0, "aria-describedby": wordsId };
    const state = wrong.length > 0 ? "error" : "none";
    return (
        <>
            <div className={styles.hour}>
                <Field label={t("send.when.day")} validationState={state} validationMessageIcon={null}>
                    <Input
                        type="date"
                        {...told}
                        value={day}
                        disabled={isReadOnly}
                        onChange={(_, { value }) => set({ at: `${value}T${clock.slice(0, 5)}` })}
                    />
                </Field>
                <Field label={t("send.when.clock")} validationState={state} validationMessageIcon={null}>
                    <Input
                        type="time"
                        {...told}
                        value={clock.slice(0, 5)}
                        disabled={isReadOnly}
                        onChange={(_, { value }) => set({ at: `${day}T${value}` })}
                    />
                </Field>
                <ZonePicker
                    className={styles.zone}
                    zone={zone}
                    isReadOnly={isReadOnly}
                    onChange={(time_zone) => set({ time_zone })}
                />
            </div>
            <div id={wordsId} className={styles.words} aria-live="polite">
                {hour && wrong.length === 0 && <Body1>{hour.sentence}</Body1>}
                {wrong.map((passages) => (
                    <Body1 key={passages[0]?.text} className={styles.wrong}>
                        <Passages of={passages} />
                    </Body1>
                ))}
                {hour?.elsewhere && wrong.length === 0 && (
                    <Caption1 className={styles.quiet}>{hour.elsewhere}</Caption1>
                )}
            </div>
        </>
    );
}
