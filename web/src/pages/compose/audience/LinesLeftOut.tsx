/** Lines of a list that count for nobody, by their numbers, so that they are found in the file. */

import {
    Accordion,
    AccordionHeader,
    AccordionItem,
    AccordionPanel,
    makeStyles,
    tokens,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { components } from "../../../api/schema";
import { format } from "../../../ui/format";

export type Lines = components["schemas"]["LinesLeftOut"];

/** Whoever has more of them mends the file, and not line by line. */
const SHOWN = 200;

const useStyles = makeStyles({
    kinds: { marginLeft: `calc(-1 * ${tokens.spacingHorizontalS})` },
    panel: { maxHeight: "220px", overflowY: "auto" },
    list: { margin: 0, paddingLeft: tokens.spacingHorizontalL, overflowWrap: "anywhere" },
});

/** How many lines are left out though they may have been meant: those that only repeat somebody are no loss. */
export const amiss = ({ counts }: Lines) => counts.malformed + counts.unknown + counts.ambiguous;

export function LinesLeftOut({ lines }: { lines: Lines }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { counts } = lines;
    const line = (number: number) => t("audience.list.line", { line: format.number(number) });
    const at = (number: number, text: string) => t("audience.list.at", { line: line(number), text });
    const kinds = [
        {
            kind: "unknown",
            count: counts.unknown,
            rows: lines.unknown.map((it) => at(it.line, it.address)),
        },
        {
            kind: "malformed",
            count: counts.malformed,
            rows: lines.malformed.map((it) => at(it.line, `${it.text} (${it.sentence})`)),
        },
        {
            kind: "ambiguous",
            count: counts.ambiguous,
            rows: lines.ambiguous.map((it) => at(it.line, it.address)),
        },
        {
            kind: "duplicates",
            count: counts.duplicates,
            rows: lines.duplicates.map((it) => t("audience.list.again", { line: line(it.line), first: it.first_line })),
        },
    ] as const;
    const told = kinds.filter(({ count }) => count > 0);
    if (told.length === 0) return null;
    return (
        <Accordion collapsible multiple className={styles.kinds}>
            {told.map(({ kind, count, rows }) => (
                <AccordionItem key={kind} value={kind}>
                    <AccordionHeader size="small">
                        {t(`audience.list.${kind}`, { count, formatted: format.number(count) })}
                    </AccordionHeader>
                    <AccordionPanel className={styles.panel}>
                        <ul className={styles.list}>
                            {rows.slice(0, SHOWN).map((row) => (
                                <li key={row}>{row}</li>
                            ))}
                            {count > Math.min(rows.length, SHOWN) && (
                                <li>
                                    {t("audience.and_more", {
                                        more: format.number(count - Math.min(rows.length, SHOWN)),
                                    })}
                                </li>
                            )}
                        </ul>
                    </AccordionPanel>
                </AccordionItem>
            ))}
        </Accordion>
    );
}
