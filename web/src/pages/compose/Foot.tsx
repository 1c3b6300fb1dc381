/** What leads on from a step. It stays in sight, so that nobody has to look for it at the end of a long page. */

import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
    foot: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "center",
        gap: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalL}`,
        marginTop: tokens.spacingVerticalXL,
        padding: `${tokens.spacingVerticalM} 0`,
        // Enough room must be left for what it would cover.
        "@media (min-height: 480px)": {
            position: "sticky",
            bottom: 0,
            zIndex: 1,
            backgroundColor: tokens.colorNeutralBackground2,
            borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
        },
    },
});

export function Foot({ children }: { children: ReactNode }) {
    return (
        // The style sheet of the page keeps what is focused from hiding beneath it.
        <div className={useStyles().foot} data-foot>
            {children}
        </div>
    );
}
