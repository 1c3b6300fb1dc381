/** What the audience is made of, each with how many people it names. */

import {
    Accordion,
    AccordionHeader,
    AccordionItem,
    AccordionPanel,
    Body1Strong,
    Caption1,
    makeStyles,
    tokens,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { DryRun } from "../../../api/types";
import { format, usePeople } from "../../../ui/format";
import { ChipIcon } from "./ChipIcon";
import { read } from "./expression";
import { LinesLeftOut } from "./LinesLeftOut";
import { useChipName } from "./names";

const useStyles = makeStyles({
    accordion: { marginLeft: `calc(-1 * ${tokens.spacingHorizontalM})` },
    lines: { marginTop: tokens.spacingVerticalM },
    list: { listStyleType: "none", margin: 0, padding: 0 },
    row: {
        display: "flex",
        gap: tokens.spacingHorizontalS,
        alignItems: "baseline",
        padding: `${tokens.spacingVerticalXXS} 0`,
    },
    name: { flexGrow: 1, overflowWrap: "anywhere" },
    number: { fontVariantNumeric: "tabular-nums" },
    quiet: { color: tokens.colorNeutralForeground2, display: "block" },
});

export function Sources({ run }: { run: DryRun }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const outside = run.groups.filter(({ outsiders }) => outsiders > 0);
    const lists = [...Object.entries(run.lists), [t("audience.the_list"), run.list] as const].filter(([, { counts }]) =>
        Object.values(counts).some((count) => count > 0),
    );
    const isPlain = run.sources.length < 2 && outside.length === 0;
    return (
        <>
            {lists.map(([name, lines]) => (
                <div key={name} className={styles.lines}>
                    <Body1Strong>{t("audience.panel.lines_of", { name })}</Body1Strong>
                    <LinesLeftOut lines={lines} />
                </div>
            ))}
            {!isPlain && (
                <Accordion collapsible className={styles.accordion}>
                    <AccordionItem value="sources">
                        <AccordionHeader size="medium">{t("audience.panel.sources")}</AccordionHeader>
                        <AccordionPanel>
                            <ul className={styles.list}>
                                {run.sources.map(({ source, people }) => (
                                    <li key={source} className={styles.row}>
                                        <SourceName source={source} />
                                        <span className={styles.number}>{format.number(people)}</span>
                                    </li>
                                ))}
                            </ul>
                            {outside.map(({ id, name, outsiders }) => (
                                <Caption1 key={id} className={styles.quiet}>
                                    {t("audience.panel.outsiders", { name, people: people(outsiders) })}
                                </Caption1>
                            ))}
                        </AccordionPanel>
                    </AccordionItem>
                </Accordion>
            )}
        </>
    );
}

function SourceName({ source }: { source: string }) {
    const styles = useStyles();
    const chip =
        read(source)?.include[0] ?? ({ kind: "attribute", attribute: "name", test: "is", value: source } as const);
    const isChip = read(source)?.include.length === 1;
    const name = useChipName(chip);
    return (
        <>
            {isChip && <ChipIcon kind={chip.kind} />}
            <span className={styles.name}>{isChip ? name : source}</span>
        </>
    );
}
