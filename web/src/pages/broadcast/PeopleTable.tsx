/** One page of people: only these are in the document, however many there are. */

import { Caption1, Link, makeStyles, mergeClasses, Text, tokens } from "@fluentui/react-components";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { Delivery } from "../../api/types";
import { format } from "../../ui/format";
import { useIsNarrow } from "../../ui/narrow";
import { useReason } from "../../ui/reason";
import { useTableStyles } from "../../ui/table";
import { type Kind, word } from "./Bar";
import { useColours } from "./colours";

const useStyles = makeStyles({
    frame: {
        backgroundColor: tokens.colorNeutralBackground1,
        borderRadius: tokens.borderRadiusXLarge,
        boxShadow: tokens.shadow2,
        // Seen in high contrast only, which knows no shadows.
        border: `1px solid ${tokens.colorTransparentStroke}`,
        overflowX: "auto",
    },
    name: { fontWeight: tokens.fontWeightSemibold, textAlign: "start" },
    faint: { color: tokens.colorNeutralForeground3 },
    state: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalSNudge, whiteSpace: "nowrap" },
    dot: { width: "10px", height: "10px", borderRadius: "3px", flexShrink: 0, forcedColorAdjust: "none" },
    nowrap: { whiteSpace: "nowrap" },
    // Names and addresses are not broken for a long reason's sake.
    who: { minWidth: "240px" },
    break: { overflowWrap: "anywhere" },
    list: { listStyleType: "none", margin: 0, padding: `0 ${tokens.spacingHorizontalL}` },
    item: {
        display: "grid",
        gap: tokens.spacingVerticalXS,
        padding: `${tokens.spacingVerticalM} 0`,
        borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    },
});

type Props = { deliveries: Delivery[]; open: (person: Delivery) => void; kind?: Kind };
type RowProps = Omit<Props, "deliveries"> & { delivery: Delivery };

/** Where somebody stands, in a word with a colour. */
export function Stand({ delivery, kind }: { delivery: Delivery; kind?: Kind }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const colours = useColours();
    const colour = delivery.state === "accepted" ? "sent" : delivery.state;
    return (
        <span className={styles.state}>
            <span className={mergeClasses(styles.dot, colours[colour])} aria-hidden />
            {t(
                `${delivery.channel === "post" ? "broadcast.person.stand_of_channel" : "broadcast.person.stand"}.${
                    delivery.state === "accepted" ? delivery.state : word(delivery.state, "chat", kind)
                }`,
            )}
        </span>
    );
}

function Name({ delivery, open }: { delivery: Delivery; open: (person: Delivery) => void }) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <Link
            as="button"
            className={styles.name}
            aria-label={t("broadcast.person.open", { name: delivery.name })}
            onClick={(event) => {
                event.stopPropagation();
                open(delivery);
            }}
        >
            {delivery.name}
        </Link>
    );
}

/** A channel is known by its name; what it is called in Graph tells nobody anything. */
function Address({ delivery: { channel, user_principal_name } }: { delivery: Delivery }) {
    const styles = useStyles();
    if (channel === "post") return null;
    return (
        <>
            <br />
            <Caption1 className={mergeClasses(styles.faint, styles.break)}>{user_principal_name}</Caption1>
        </>
    );
}

export function PeopleTable(props: Props) {
    return useIsNarrow() ? <AsList {...props} /> : <AsTable {...props} />;
}

function AsTable({ deliveries, open, kind }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const table = useTableStyles();
    return (
        <div className={styles.frame}>
            <table className={table.table}>
                <caption className={table.unseen}>{t("broadcast.person.caption")}</caption>
                <thead>
                    <tr>
                        {(["name", "state", "reason", "last"] as const).map((name) => (
                            <th key={name} scope="col" className={table.heading}>
                                {t(`broadcast.person.column.${name}`)}
                            </th>
                        ))}
                        <th scope="col" className={mergeClasses(table.heading, table.number)}>
                            {t("broadcast.person.column.attempts")}
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {deliveries.map((delivery) => (
                        <Row key={delivery.id} delivery={delivery} open={open} kind={kind} />
                    ))}
                </tbody>
            </table>
        </div>
    );
}

/** Apart, so that a page of them is drawn in slices, between which a press is answered. */
const Row = memo(function Row({ delivery, open, kind }: RowProps) {
    const styles = useStyles();
    const table = useTableStyles();
    const inWords = useReason();
    return (
        <tr className={mergeClasses(table.row, table.clickable)} onClick={() => open(delivery)}>
            <th scope="row" className={mergeClasses(table.cell, styles.break, styles.who)}>
                <Name delivery={delivery} open={open} />
                <Address delivery={delivery} />
            </th>
            <td className={table.cell}>
                <Stand delivery={delivery} kind={kind} />
            </td>
            <td className={table.cell}>{delivery.reason && inWords(delivery.reason, delivery).sentence}</td>
            <td className={mergeClasses(table.cell, styles.faint, styles.nowrap)}>
                {delivery.last_attempt_at ? format.second(delivery.last_attempt_at) : "–"}
            </td>
            <td className={mergeClasses(table.cell, table.number)}>{format.number(delivery.attempts)}</td>
        </tr>
    );
});

function AsList({ deliveries, open, kind }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const inWords = useReason();
    return (
        <div className={styles.frame}>
            <ul className={styles.list} aria-label={t("broadcast.person.caption")}>
                {deliveries.map((delivery) => (
                    <li key={delivery.id} className={styles.item}>
                        <div>
                            <Name delivery={delivery} open={open} />
                            <Address delivery={delivery} />
                        </div>
                        <Stand delivery={delivery} kind={kind} />
                        {delivery.reason && <Text>{inWords(delivery.reason, delivery).sentence}</Text>}
                    </li>
                ))}
            </ul>
        </div>
    );
}
