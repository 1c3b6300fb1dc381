/** How a list was understood, whom it names, and what of it names nobody. */

import { Body1Strong, Caption1, makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { ListRead } from "../../../api/types";
import { usePeople } from "../../../ui/format";
import { LinesLeftOut } from "./LinesLeftOut";

const useStyles = makeStyles({
    findings: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalXS,
        padding: tokens.spacingHorizontalM,
        borderRadius: tokens.borderRadiusMedium,
        backgroundColor: tokens.colorNeutralBackground3,
    },
});

export function ListFindings({ read }: { read: ListRead }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    // How it was read is told in English.
    const [before, after] = t("audience.list.understood", { how: "\n" }).split("\n");
    return (
        <div className={styles.findings}>
            <Body1Strong>{t("audience.list.names", { people: people(read.people) })}</Body1Strong>
            <Caption1>
                {before}
                <span lang="en">{read.understood.sentence}</span>
                {after}
            </Caption1>
            {read.understood.notes.map((note) => (
                <Caption1 key={note} lang="en">
                    {note}
                </Caption1>
            ))}
            <LinesLeftOut lines={read.left_out} />
        </div>
    );
}
