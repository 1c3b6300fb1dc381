/** Who of those who were chosen falls aside, and why; each number opens the names. */

import { Body1Strong, Caption1, Link, makeStyles, tokens } from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { DryRun } from "../../../api/types";
import { usePeople } from "../../../ui/format";
import { NamesDialog, type Roll } from "./NamesDialog";

const useStyles = makeStyles({
    part: { marginTop: tokens.spacingVerticalM },
    list: { listStyleType: "none", margin: 0, padding: 0 },
    row: { padding: `${tokens.spacingVerticalXS} 0`, display: "flex", flexDirection: "column" },
    link: { fontWeight: tokens.fontWeightSemibold },
    quiet: { color: tokens.colorNeutralForeground2 },
});

/** What is told here in words of its own; whatever else there is, Teams calls by its code. */
const KNOWN = [
    "guest",
    "no_licence",
    "account_disabled",
    "blocked_by_policy",
    "blocked_by_user",
    "recipient_not_found",
    "not_installed",
    "installation_not_visible",
    "conversation_gone",
] as const;

export function useReason(): (code: string) => string {
    const { t } = useTranslation();
    return (code) => {
        const known = KNOWN.find((it) => it === code);
        return known ? t(`audience.reason.${known}`) : t("audience.reason.other", { code });
    };
}

export function Rolls({ run }: { run: DryRun }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const reason = useReason();
    const [shown, show] = useState<Roll>();
    const byReason = (counts: Record<string, number>, before: string): Roll[] =>
        Object.entries(counts).map(([code, count]) => ({ code: `${before}${code}`, title: reason(code), count }));
    const beside: Roll[] = [
        { code: "excluded", title: t("audience.panel.excluded"), count: run.excluded },
        { code: "named_again", title: t("audience.panel.named_again"), count: run.named_again },
    ];
    const parts = [
        { title: t("audience.panel.left_out"), hint: "", rolls: byReason(run.left_out_by_rule, "") },
        {
            title: t("audience.panel.refused_before"),
            hint: t("audience.panel.refused_before_hint"),
            rolls: byReason(run.refused_before, "refused_"),
        },
        { title: t("audience.panel.beside"), hint: "", rolls: beside.filter(({ count }) => count > 0) },
    ];
    return (
        <>
            {parts
                .filter(({ rolls }) => rolls.length > 0)
                .map(({ title, hint, rolls }) => (
                    <div key={title} className={styles.part}>
                        <Body1Strong>{title}</Body1Strong>
                        <ul className={styles.list}>
                            {rolls.map((roll) => (
                                <li key={roll.code} className={styles.row}>
                                    <span>
                                        <Link as="button" className={styles.link} onClick={() => show(roll)}>
                                            {people(roll.count)}
                                        </Link>
                                        {" – "}
                                        {roll.title}
                                    </span>
                                </li>
                            ))}
                        </ul>
                        {hint && <Caption1 className={styles.quiet}>{hint}</Caption1>}
                    </div>
                ))}
            {shown && <NamesDialog roll={shown} onClose={() => show(undefined)} />}
        </>
    );
}
