/** How tables look. They are real ones, so that screen readers tell rows and columns. */

import { makeStyles, tokens, typographyStyles } from "@fluentui/react-components";

export const useTableStyles = makeStyles({
    table: { width: "100%", borderCollapse: "collapse", tableLayout: "auto" },
    heading: {
        ...typographyStyles.caption1,
        textAlign: "start",
        color: tokens.colorNeutralForeground2,
        padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
        borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
        whiteSpace: "nowrap",
    },
    cell: {
        padding: `${tokens.spacingVerticalMNudge} ${tokens.spacingHorizontalM}`,
        borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
        verticalAlign: "middle",
        textAlign: "start",
        fontWeight: tokens.fontWeightRegular,
    },
    number: { textAlign: "end", fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" },
    row: { ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover } },
    clickable: { cursor: "pointer" },
    /** Read to whoever cannot see; everybody else sees the heading of the page. */
    unseen: {
        position: "absolute",
        width: "1px",
        height: "1px",
        overflow: "hidden",
        clipPath: "inset(50%)",
        whiteSpace: "nowrap",
    },
});
