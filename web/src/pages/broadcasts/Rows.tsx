/** The announcements themselves: a table where there is room for one, else cards. */

import {
    Caption1,
    Card,
    Link as FluentLink,
    makeStyles,
    mergeClasses,
    tokens,
    typographyStyles,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useHref, useLinkClickHandler, useNavigate } from "react-router";
import type { Listed } from "../../api/types";
import { useNow } from "../../ui/clockwork";
import { format, usePeople } from "../../ui/format";
import { useIsNarrow } from "../../ui/narrow";
import { StateBadge } from "../../ui/StateBadge";
import { useTableStyles } from "../../ui/table";
import { useByline } from "./byline";
import { hasBegun, peopleOf, Reached, When } from "./Standing";

const useStyles = makeStyles({
    title: {
        ...typographyStyles.body1Strong,
        color: tokens.colorNeutralForeground1,
        overflowWrap: "anywhere",
        textAlign: "start",
    },
    widest: { width: "38%" },
    nowrap: { whiteSpace: "nowrap" },
    faint: { color: tokens.colorNeutralForeground2 },
    frame: {
        backgroundColor: tokens.colorNeutralBackground1,
        borderRadius: tokens.borderRadiusXLarge,
        boxShadow: tokens.shadow2,
        // Seen in high contrast only, which knows no shadows.
        border: `1px solid ${tokens.colorTransparentStroke}`,
        overflowX: "auto",
    },
    cards: { listStyleType: "none", margin: 0, padding: 0, display: "grid", gap: tokens.spacingVerticalM },
    line: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM, alignItems: "center" },
});

const to = (listed: Listed) => `/broadcasts/${listed.id}`;

function Title({ listed }: { listed: Listed }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const open = useLinkClickHandler<HTMLAnchorElement>(to(listed));
    return (
        <FluentLink
            href={useHref(to(listed))}
            className={styles.title}
            onClick={(event) => {
                // The row has its own click.
                event.stopPropagation();
                open(event as React.MouseEvent<HTMLAnchorElement>);
            }}
        >
            {listed.title.trim() || t("broadcasts.untitled")}
        </FluentLink>
    );
}

function Rows({ listed, now }: { listed: Listed[]; now: number }) {
    const byline = useByline();
    const { t } = useTranslation();
    const styles = useStyles();
    const table = useTableStyles();
    const navigate = useNavigate();
    const heading = (name: "title" | "state" | "people" | "reached" | "when" | "by", extra?: string) => (
        <th scope="col" className={mergeClasses(table.heading, extra)}>
            {t(`broadcasts.column.${name}`)}
        </th>
    );
    return (
        <div className={styles.frame}>
            <table className={table.table}>
                <caption className={table.unseen}>{t("broadcasts.caption")}</caption>
                <thead>
                    <tr>
                        {heading("title", styles.widest)}
                        {heading("state")}
                        {heading("people", table.number)}
                        {heading("reached")}
                        {heading("when")}
                        {heading("by")}
                    </tr>
                </thead>
                <tbody>
                    {listed.map((one) => {
                        const people = peopleOf(one);
                        return (
                            <tr
                                key={one.id}
                                className={mergeClasses(table.row, table.clickable)}
                                onClick={() => void navigate(to(one))}
                            >
                                <th scope="row" className={table.cell}>
                                    <Title listed={one} />
                                </th>
                                <td className={mergeClasses(table.cell, styles.nowrap)}>
                                    <StateBadge state={one.state} isRecalled={Boolean(one.report?.recalled_at)} />
                                </td>
                                <td className={mergeClasses(table.cell, table.number)}>
                                    {people === undefined ? "–" : format.number(people)}
                                </td>
                                <td className={table.cell}>
                                    <Reached listed={one} />
                                </td>
                                <td className={mergeClasses(table.cell, styles.faint)}>
                                    <When listed={one} now={now} />
                                </td>
                                <td className={mergeClasses(table.cell, styles.faint)}>{byline(one.created_by)}</td>
                            </tr>
                        );
                    })}
                </tbody>
            </table>
        </div>
    );
}

function Cards({ listed, now }: { listed: Listed[]; now: number }) {
    const byline = useByline();
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const navigate = useNavigate();
    return (
        <ul className={styles.cards} aria-label={t("broadcasts.caption")}>
            {listed.map((one) => {
                const count = peopleOf(one);
                return (
                    <li key={one.id}>
                        <Card focusMode="off" onClick={() => void navigate(to(one))}>
                            <Title listed={one} />
                            <div className={styles.line}>
                                <StateBadge state={one.state} isRecalled={Boolean(one.report?.recalled_at)} />
                                {count !== undefined && <span>{people(count)}</span>}
                            </div>
                            {hasBegun(one) && <Reached listed={one} />}
                            <Caption1 className={styles.faint}>
                                <When listed={one} now={now} /> · {byline(one.created_by)}
                            </Caption1>
                        </Card>
                    </li>
                );
            })}
        </ul>
    );
}

export function Announcements({ listed }: { listed: Listed[] }) {
    const now = useNow(10_000);
    return useIsNarrow() ? <Cards listed={listed} now={now} /> : <Rows listed={listed} now={now} />;
}
