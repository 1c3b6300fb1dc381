/** Now, or at an hour in a zone; and what that hour is, in words. */

import { Body1, Caption1, Field, Input, makeStyles, Radio, RadioGroup, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Manuscript } from "../../../api/types";
import { useDraft } from "../draft";
import { faultSentence } from "../faults";
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

export function When() {
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
            {schedule && <Later schedule={schedule} />}
        </Section>
    );
}

function Later({ schedule }: { schedule: Schedule }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { change, faults, isReadOnly } = useDraft();
    const hour = useHour();
    const zone = schedule.time_zone ?? here();
    const [day = "", clock = ""] = schedule.at.split("T");
    const set = (patch: Partial<Schedule>) => change({ schedule: { ...schedule, time_zone: zone, ...patch } });
    const found = faults("schedule");
    return (
        <>
            <div className={styles.hour}>
                <Field label={t("send.when.day")}>
                    <Input
                        type="date"
                        value={day}
                        disabled={isReadOnly}
                        onChange={(_, { value }) => set({ at: `${value}T${clock.slice(0, 5)}` })}
                    />
                </Field>
                <Field label={t("send.when.clock")}>
                    <Input
                        type="time"
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
            <div className={styles.words} aria-live="polite">
                {hour && !hour.isPast && <Body1>{hour.sentence}</Body1>}
                {hour?.isPast && <Body1 className={styles.wrong}>{t("send.when.past", { hour: hour.sentence })}</Body1>}
                {!hour && <Body1 className={styles.wrong}>{t("send.when.missing")}</Body1>}
                {hour?.elsewhere && <Caption1 className={styles.quiet}>{hour.elsewhere}</Caption1>}
                {hour &&
                    !hour.isPast &&
                    found.map((fault) => (
                        <Body1 key={fault.problem} className={styles.wrong}>
                            {faultSentence(t, fault, t("send.when.title"))}
                        </Body1>
                    ))}
            </div>
        </>
    );
}
