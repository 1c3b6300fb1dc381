/** Whom it is for, and how many that is. */

import { Body1, Caption1, makeStyles, Spinner, Subtitle2, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { usePeople } from "../../../ui/format";
import { Trouble } from "../../../ui/Trouble";
import { ChipIcon } from "../audience/ChipIcon";
import type { Counted } from "../audience/dryRun";
import { type Chip, writeChip } from "../audience/expression";
import { useChipName } from "../audience/names";
import { useAudience } from "../audience/useAudience";
import { useDraft } from "../draft";
import { Section } from "./Section";
import { StepLink } from "./StepLink";

const useStyles = makeStyles({
    count: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalS },
    chips: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "center",
        gap: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
        margin: 0,
        padding: 0,
        listStyleType: "none",
        "> li": { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalXS, overflowWrap: "anywhere" },
    },
    quiet: { color: tokens.colorNeutralForeground2 },
});

/** `isFixed`: it is not to be changed where this stands. */
export function Whom({ counted, isFixed }: { counted: Counted; isFixed?: boolean }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const { isReadOnly, manuscript } = useDraft();
    const isPosted = manuscript.channel === "team_channel";
    const { chips, words } = useAudience();
    const { run, isOld, isNobody, error, again } = counted;
    const aside = run ? run.targeted - run.reachable : 0;
    return (
        <Section title={t(isPosted ? "send.whom.where" : "send.whom.title")}>
            {isNobody && <Body1>{t("send.whom.nobody")}</Body1>}
            {!isNobody && (
                <div className={styles.count} role="status">
                    {isPosted ? (
                        <Subtitle2>{(run?.posts ?? manuscript.post_to).join(", ")}</Subtitle2>
                    ) : (
                        run && <Subtitle2>{people(run.reachable)}</Subtitle2>
                    )}
                    {aside > 0 && (
                        <Caption1 className={styles.quiet}>{t("send.whom.aside", { people: people(aside) })}</Caption1>
                    )}
                    {isOld && !error && <Spinner size="tiny" label={t("audience.panel.counting")} />}
                </div>
            )}
            <Trouble error={error} onRetry={() => void again()} />
            {isPosted ? null : chips ? (
                <>
                    <ChipList chips={chips.include} />
                    <ChipList chips={chips.except} label={t("audience.row.except.label")} />
                </>
            ) : (
                <code className={styles.quiet}>{words}</code>
            )}
            {!isReadOnly && !isFixed && (
                <StepLink to={isPosted ? "words" : "audience"}>
                    {isPosted ? t("send.whom.channels") : isNobody ? t("send.whom.choose") : t("send.whom.change")}
                </StepLink>
            )}
        </Section>
    );
}

function ChipList({ chips, label }: { chips: Chip[]; label?: string }) {
    const styles = useStyles();
    if (chips.length === 0) return null;
    return (
        <ul className={styles.chips}>
            {label && <li className={styles.quiet}>{label}</li>}
            {chips.map((chip) => (
                <li key={writeChip(chip)}>
                    <ChipIcon kind={chip.kind} />
                    <ChipName chip={chip} />
                </li>
            ))}
        </ul>
    );
}

function ChipName({ chip }: { chip: Chip }) {
    return <span>{useChipName(chip)}</span>;
}
