/** A table that becomes a list of cards where there is no room for columns; its roles stay those of a table. */

import { makeStyles, mergeClasses, tokens, typographyStyles } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useTableStyles } from "./table";

const NARROW = "@media (max-width: 640px)";

const useStyles = makeStyles({
    surface: {
        backgroundColor: tokens.colorNeutralBackground1,
        borderRadius: tokens.borderRadiusXLarge,
        boxShadow: tokens.shadow2,
        // Seen in high contrast only, which knows no shadows.
        border: `1px solid ${tokens.colorTransparentStroke}`,
        [NARROW]: { padding: `0 ${tokens.spacingHorizontalL}` },
    },
    table: { "> tbody > tr:last-child, > tbody > tr:last-child > *": { borderBottomWidth: 0 } },
    block: { [NARROW]: { display: "block" } },
    head: {
        [NARROW]: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
    },
    row: {
        [NARROW]: {
            display: "block",
            padding: `${tokens.spacingVerticalM} 0`,
            borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
        },
    },
    cell: {
        ...typographyStyles.body1,
        overflowWrap: "anywhere",
        [NARROW]: {
            display: "grid",
            gridTemplateColumns: "minmax(0, 2fr) minmax(0, 3fr)",
            gap: tokens.spacingHorizontalM,
            justifyItems: "start",
            padding: `${tokens.spacingVerticalXXS} 0`,
            borderBottomWidth: 0,
            "::before": { content: "attr(data-label)", color: tokens.colorNeutralForeground3 },
        },
    },
    /** What names the row, or needs no name, takes the whole width of its card. */
    whole: { [NARROW]: { display: "block", "::before": { content: "none" } } },
    first: { fontWeight: tokens.fontWeightSemibold },
    number: { whiteSpace: "normal", [NARROW]: { textAlign: "start" } },
});

export interface Column<T> {
    name: string;
    heading: string;
    cell: (row: T) => ReactNode;
    isNumber?: boolean;
    /** Its heading is for those alone who hear the table. */
    isQuiet?: boolean;
}

type Props<T> = {
    label: string;
    columns: Column<T>[];
    rows: T[];
    keyOf: (row: T) => string | number;
    /** It lies on a surface already, such as a dialog. */
    isBare?: boolean;
};

/** The first column names the row. */
export function DataTable<T>({ label, columns, rows, keyOf, isBare }: Props<T>) {
    const styles = useStyles();
    const table = useTableStyles();
    const cellClass = (column: Column<T>, index: number) =>
        mergeClasses(
            table.cell,
            column.isNumber && table.number,
            styles.cell,
            (index === 0 || column.isQuiet) && styles.whole,
            index === 0 && styles.first,
            column.isNumber && styles.number,
        );
    // Drawn as cards, a table is none to a browser any more, unless its roles are written down.
    /* biome-ignore-start lint/a11y/noRedundantRoles: see above */
    const drawn = (
        <table role="table" aria-label={label} className={mergeClasses(table.table, styles.block, styles.table)}>
            <thead role="rowgroup" className={styles.head}>
                <tr role="row">
                    {columns.map((column) => (
                        <th
                            key={column.name}
                            role="columnheader"
                            scope="col"
                            className={mergeClasses(table.heading, column.isNumber && table.number)}
                        >
                            {column.isQuiet ? <span className={table.unseen}>{column.heading}</span> : column.heading}
                        </th>
                    ))}
                </tr>
            </thead>
            <tbody role="rowgroup" className={styles.block}>
                {rows.map((row) => (
                    <tr key={keyOf(row)} role="row" className={styles.row}>
                        {columns.map((column, index) =>
                            index === 0 ? (
                                <th key={column.name} role="rowheader" scope="row" className={cellClass(column, index)}>
                                    {column.cell(row)}
                                </th>
                            ) : (
                                <td
                                    key={column.name}
                                    role="cell"
                                    data-label={column.heading}
                                    className={cellClass(column, index)}
                                >
                                    {column.cell(row)}
                                </td>
                            ),
                        )}
                    </tr>
                ))}
            </tbody>
        </table>
    );
    /* biome-ignore-end lint/a11y/noRedundantRoles: see above */
    return isBare ? drawn : <div className={styles.surface}>{drawn}</div>;
}
